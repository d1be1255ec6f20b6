"""What the components of the real node prove themselves with."""

from __future__ import annotations

from dev.certificates import Authority
from dev.components import Layout
from dev.kubeconfig import Kubeconfig
from dev.node.configuration import NODE_NAME
from dev.node.network import ADDRESS

__all__ = ["write_node_certificates"]


def write_node_certificates(authority: Authority, layout: Layout) -> None:
    """The kubelet's server certificate, and kubeconfigs of the kubelet and of CoreDNS."""
    authority.server("kubelet-server", dns=[NODE_NAME], addresses=["127.0.0.1", ADDRESS])
    users = {
        "kubelet": (f"system:node:{NODE_NAME}", "system:nodes"),
        "coredns": ("coredns", "system:masters"),
    }
    for name, (user, group) in users.items():
        client = authority.client(name, user=user, group=group)
        kubeconfig = Kubeconfig.of(layout.server, authority.files.certificate, client)
        kubeconfig.write(layout.component_kubeconfig(name))
