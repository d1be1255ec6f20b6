"""How a real node comes up in a cluster whose control plane is there, and how it ends."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from dev import nodes
from dev.api import KubeApi, resource_path
from dev.children import Children
from dev.node import configuration
from dev.node.components import NodeLayout
from dev.node.network import ADDRESS

__all__ = ["RealNode"]

_GRACE = 5.0
"""Seconds that a component gets to end by itself."""


class RealNode:
    """One node; a with block ends it in order: agents, then containers, then their runtime."""

    def __init__(self, layout: NodeLayout, children: Children, report: Callable[[str], None]) -> None:
        self._layout = layout
        self._children = children
        self._report = report
        self._cluster = layout.cluster

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # With the agent there, containers that end would be started anew.
        self._children.end("kubelet", _GRACE)
        self._children.end("kube-proxy", _GRACE)
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            _end_containers(self._layout.socket)
        self._children.end("containerd", _GRACE)

    def run(self) -> None:
        """Start the node and return when pods can run on it.

        Raises:
            ComponentEnded: something did not come up.
            TimeToGo: somebody wants the end meanwhile.
        """
        self._write_configuration()
        self._children.start(self._layout.containerd())
        self._until("containerd", self._runtime_listens)
        self._children.start(self._layout.kubelet(self._children.pids["containerd"]))
        self._children.start(self._layout.proxy())
        self._children.start(self._layout.dns())
        api = KubeApi.at(self._cluster.state.kubeconfig)
        _create_dns_service(api)
        self._until("kube-proxy", lambda: _answers("http://127.0.0.1:10256/healthz"))
        self._until("coredns", lambda: _answers("http://127.0.0.1:8181/ready"))
        path = resource_path("v1", "nodes", name=configuration.NODE_NAME)
        self._until(f"node {configuration.NODE_NAME}", lambda: nodes.is_ready(api.find(path)))

    def _until(self, what: str, ready: Callable[[], bool]) -> None:
        self._children.until(what, ready)
        self._report(what)

    def _runtime_listens(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            return probe.connect_ex(str(self._layout.socket)) == 0

    def _write_configuration(self) -> None:
        node, socket_path = self._layout.root, self._layout.socket
        registry = self._cluster.registry_host
        certificates = self._cluster.state.certificates
        runc = shutil.which("runc") or "/usr/sbin/runc"
        files = {
            "containerd.toml": configuration.containerd(node, socket_path, registry, runc),
            f"certs.d/{registry}/hosts.toml": configuration.plain_registry(registry),
            "cni/10-node.conflist": configuration.cni(node),
            "kubelet.yaml": configuration.kubelet(node, certificates, socket_path),
            "resolv.conf": f"nameserver {configuration.CLUSTER_DNS}\n",
            "Corefile": configuration.corefile(self._cluster.component_kubeconfig("coredns")),
        }
        for name, content in files.items():
            _write(node / name, content)
        (node / "manifests").mkdir()


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def _create_dns_service(api: KubeApi) -> None:
    """A Service without pods: the name server is a process of the node."""
    ports: list[dict[str, Any]] = [
        {"name": "dns", "port": 53, "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
    ]
    service = {
        "metadata": {"name": "kube-dns"},
        "spec": {"clusterIP": configuration.CLUSTER_DNS, "ports": ports},
    }
    addresses = {
        "metadata": {"name": "kube-dns", "labels": {"kubernetes.io/service-name": "kube-dns"}},
        "addressType": "IPv4",
        "ports": ports,
        "endpoints": [{"addresses": [ADDRESS], "conditions": {"ready": True}}],
    }
    api.create(resource_path("v1", "services", "kube-system"), service)
    api.create(resource_path("discovery.k8s.io/v1", "endpointslices", "kube-system"), addresses)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def _end_containers(runtime: Path) -> None:
    """Kill all containers and remove what the runtime knows of them; else their shims outlive it."""
    deadline = time.monotonic() + _GRACE
    for task in _ctr(runtime, "task", "ls", "--quiet"):
        _ctr(runtime, "task", "kill", "--signal", "KILL", task)
    while _running(runtime) and time.monotonic() < deadline:
        time.sleep(0.05)
    for task in _ctr(runtime, "task", "ls", "--quiet"):
        _ctr(runtime, "task", "rm", "--force", task)


def _running(runtime: Path) -> bool:
    return any("RUNNING" in line for line in _lines(runtime, "task", "ls"))


def _ctr(runtime: Path, *arguments: str) -> list[str]:
    return [line.strip() for line in _lines(runtime, *arguments) if line.strip()]


def _lines(runtime: Path, *arguments: str) -> list[str]:
    command = ["ctr", "--address", str(runtime), "--namespace", "k8s.io", *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_GRACE)
    return finished.stdout.splitlines()
