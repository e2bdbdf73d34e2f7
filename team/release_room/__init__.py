"""The Slack channel of a release: read on its day, each thread decided about, its owner reminded of the rest."""
