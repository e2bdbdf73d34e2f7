"""Release day: planned by a rule, with an owner by rota, watched for its hours, summed up after."""
