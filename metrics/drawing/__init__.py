"""Charts as Vega-Lite specs, and as pictures in files."""
