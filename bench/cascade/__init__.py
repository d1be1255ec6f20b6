"""What a push of a base leads to: through a thousand images that stand on it, and through a single one."""
