"""Release days: planned by a rule, owned by rota, watched during their hours, summed up afterwards."""
