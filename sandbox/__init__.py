"""A pretend outside world for the demo and the tests: the platforms' own wire formats over real sockets.

Imports nothing of the desk and no Django. `python -m sandbox --help` says how it is started; `sandbox.world` is the
cast; `sandbox.launch` starts it for a test.
"""
