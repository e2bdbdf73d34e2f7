"""When the garbage collector runs: not while a program loads its code, and never over what it has loaded.

Modules, models and URLs stay until the end. Looking for garbage among them again and again took a third of the time in
which a program starts, and going through them once more at its end took the rest of it.
"""

import gc


def pause() -> None:
    """Until `resume()`."""
    gc.disable()


def resume() -> None:
    """What there is now is left alone for good, and stays shared with the processes that are forked."""
    gc.freeze()
    gc.enable()
