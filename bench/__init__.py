"""Benchmarks of the tool beside what else there is; README.md says how to read them."""
