"""One module or package a platform, found by scanning; each offers its `Platform` class as `PLATFORM`."""
