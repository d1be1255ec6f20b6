"""How images come to be: the key and tag of a build, and rebase, which needs no container runtime."""
