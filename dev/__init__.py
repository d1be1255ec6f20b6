"""The test bed: a real Kubernetes control plane, fake nodes and a real registry as plain processes.

Nothing here is shipped with the operator. Start with `dev.cluster.Cluster`, or `python -m dev up`.
"""

from __future__ import annotations

__all__: list[str] = []
