"""One module or package per platform, discovered by scanning; each exports its `Platform` class as `PLATFORM`."""
