"""What looking costs: Warehouses that watch a registry 20 ms away (`make bench-s1`, `s4`, `s6`, `s7`)."""
