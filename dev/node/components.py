"""The command lines of the real node's programs: pure, from paths."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from dev.components import Layout
from dev.node.configuration import NODE_NAME
from dev.node.network import ADDRESS
from dev.processes import Program

__all__ = ["NODE_COMPONENTS", "NodeLayout"]

NODE_COMPONENTS = ("kubelet", "kube-proxy", "coredns")
"""The binaries that a real node needs beside those of its cluster and of Debian."""

_ENV = "/usr/bin/env"
"""Looks Debian's commands up on PATH."""


@dataclass(frozen=True, slots=True)
class NodeLayout:
    """The paths of a real node; its methods give the programs to start."""

    cluster: Layout

    @property
    def root(self) -> Path:
        """Everything that the node keeps."""
        return self.cluster.state.node

    @property
    def socket(self) -> Path:
        """Where containerd listens."""
        return self.root / "containerd.sock"

    def containerd(self) -> Program:
        """The container runtime, with mounts of its own: those of containers go when it and they are gone."""
        # Inside they are shared: what is mounted for a pod has to reach the containers that share it.
        own_mounts = ("unshare", "--mount", "--propagation", "slave")
        shared = ("sh", "-c", 'mount --make-rshared / && exec "$@"', "sh")
        configured = ("containerd", "--config", str(self.root / "containerd.toml"))
        return Program("containerd", (_ENV, *own_mounts, *shared, *configured))

    def kubelet(self, runtime: int) -> Program:
        """The agent that runs the pods, among the mounts of the runtime with this process id."""
        program = self._program(
            "kubelet",
            {
                "config": self.root / "kubelet.yaml",
                "kubeconfig": self.cluster.component_kubeconfig("kubelet"),
                "hostname-override": NODE_NAME,
                "node-ip": ADDRESS,
                "root-dir": self.root / "kubelet",
                "cert-dir": self.root / "kubelet" / "pki",
            },
        )
        return replace(program, argv=(_ENV, "nsenter", f"--mount=/proc/{runtime}/ns/mnt", *program.argv))

    def proxy(self) -> Program:
        """What leads the addresses of Services to pods."""
        return self._program(
            "kube-proxy",
            {
                "kubeconfig": self.cluster.component_kubeconfig("kube-proxy"),
                "hostname-override": NODE_NAME,
                "proxy-mode": "nftables",
                "cluster-cidr": "10.244.0.0/16",
                "conntrack-max-per-core": 0,
                "healthz-bind-address": "127.0.0.1:10256",
                "metrics-bind-address": "127.0.0.1:10249",
            },
        )

    def dns(self) -> Program:
        """The name server of the pods."""
        argv = (str(self.cluster.binaries["coredns"]), "-conf", str(self.root / "Corefile"))
        return Program("coredns", argv)

    def _program(self, name: str, flags: dict[str, object]) -> Program:
        arguments = (f"--{flag}={value}" for flag, value in flags.items())
        return Program(name, (str(self.cluster.binaries[name]), *arguments))
