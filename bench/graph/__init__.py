"""What the graph of images costs: time of single changes, and memory (`make bench-graph`)."""
