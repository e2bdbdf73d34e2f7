"""The demo: the whole desk on one machine with a simulated outside world, as started and filled by `script/demo`."""
