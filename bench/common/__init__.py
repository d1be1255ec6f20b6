"""What the benchmarks share: a plain client of the API server, readings of processes, and their reports."""
