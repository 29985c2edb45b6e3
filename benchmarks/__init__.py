"""Speed, as ratios in one run against named peers. `python -m benchmarks` runs all; each file says what it measures."""
