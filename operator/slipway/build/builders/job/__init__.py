"""Builds as Jobs on the cluster: the manifest of such a Job, and how its end is read. Pure."""

from __future__ import annotations

__all__: list[str] = []
