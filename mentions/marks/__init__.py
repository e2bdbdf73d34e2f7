"""Contributors and others outside the team: lists of them, the webhook that tells of them, swag by rule, their page."""
