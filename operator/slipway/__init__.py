"""Slipway: rebuilds, promotes and rolls out container images when their base images move."""
