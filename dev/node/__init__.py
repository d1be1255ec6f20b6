"""A real node for a cluster of the test bed: kubelet, containerd and Services, in a network namespace.

`Cluster.start(ClusterOptions(real_node=True, nodes=0))` brings it up. It needs root and the Debian packages
that `dev.node.needs` names, and there is one per machine: its cgroups have a fixed name.
"""

from __future__ import annotations

__all__: list[str] = []
