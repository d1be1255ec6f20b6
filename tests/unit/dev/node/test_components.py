from __future__ import annotations

from pathlib import Path

from dev.components import Layout, Place, Ports
from dev.launch import components_of
from dev.node.components import NodeLayout
from dev.node.network import ADDRESS
from dev.state import ClusterOptions, StateDirectory

OPTIONS = ClusterOptions(real_node=True, nodes=0)


def _node(directory: Path) -> NodeLayout:
    state = StateDirectory(directory)
    state.certificates.mkdir(parents=True)
    binaries = {name: Path("/bin") / name for name in components_of(OPTIONS)}
    ports = Ports(20001, 20002, 20003, 20004, 20005, 20006, 20007)
    return NodeLayout(Layout(binaries, state, ports, OPTIONS, Place("0.0.0.0", ADDRESS)))


def test_pods_reach_the_api_server_and_the_registry_at_the_nodes_address(tmp_path: Path) -> None:
    """The Service `kubernetes` leads to it, and image references name it."""
    cluster = _node(tmp_path).cluster
    argv = cluster.api_server().argv

    assert "--bind-address=0.0.0.0" in argv
    assert f"--advertise-address={ADDRESS}" in argv
    assert "--endpoint-reconciler-type=lease" in argv
    assert cluster.registry_host == f"{ADDRESS}:20007"


def test_the_agent_works_among_the_mounts_of_the_runtime(tmp_path: Path) -> None:
    """So that nothing of a pod is mounted on the host, even after a crash."""
    node = _node(tmp_path)

    assert "--mount" in node.containerd().argv
    assert "--mount=/proc/4711/ns/mnt" in node.kubelet(4711).argv


def test_a_light_cluster_asks_for_nothing_of_a_node() -> None:
    """Nobody who runs the other tests waits until a kubelet is compiled."""
    assert not {"kubelet", "kube-proxy", "coredns"} & set(components_of(ClusterOptions()))
    assert {"kubelet", "kube-proxy", "coredns"} <= set(components_of(OPTIONS))
