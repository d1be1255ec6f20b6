"""The kinds of things that a Warehouse watches, one file for each."""
