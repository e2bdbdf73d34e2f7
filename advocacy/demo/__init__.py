"""The whole desk on one machine with a pretend outside world: what `script/demo` starts and fills."""
