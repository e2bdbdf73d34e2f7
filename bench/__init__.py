"""Speed, measured as ratios: `script/bench`."""
