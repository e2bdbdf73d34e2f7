"""A fake outside world for the demo and the tests: the platforms' real wire formats over real sockets.

Imports neither the desk nor Django. For usage see `python -m sandbox --help`; `sandbox.world` is the cast;
`sandbox.launch` starts it for a test.
"""
