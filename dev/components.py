"""The command lines of the control plane, KWOK and the registry: pure, from paths and ports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dev.processes import Program
from dev.state import ClusterOptions, StateDirectory

__all__ = ["COMPONENTS", "Layout", "Place", "Ports"]

COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "registry")
"""The binaries that a cluster needs."""

_AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where what pods have to reach listens: the API server and the registry."""

    bind: str = "127.0.0.1"
    """The address they listen at."""
    address: str = "127.0.0.1"
    """The address they are known under."""

    @property
    def is_loopback(self) -> bool:
        """Whether no pod can reach them; then the pods are fake ones."""
        return self.address == "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Ports:
    """The TCP ports of one cluster, on 127.0.0.1 and at its `Place`."""

    etcd: int
    etcd_peer: int
    api: int
    controllers: int
    scheduler: int
    kwok: int
    registry: int


@dataclass(frozen=True, slots=True)
class Layout:
    """One cluster's binaries, paths, ports and options; its methods give the programs to start."""

    binaries: Mapping[str, Path]
    state: StateDirectory
    ports: Ports
    options: ClusterOptions
    place: Place = Place()

    @property
    def server(self) -> str:
        """URL of the API server."""
        return f"https://127.0.0.1:{self.ports.api}"

    @property
    def etcd_url(self) -> str:
        """URL of etcd's client port."""
        return f"http://127.0.0.1:{self.ports.etcd}"

    @property
    def registry_host(self) -> str:
        """Host and port of the registry, as it stands in image references."""
        return f"{self.place.address}:{self.ports.registry}"

    def component_kubeconfig(self, component: str) -> Path:
        """The kubeconfig with a component's own certificate."""
        return self.state.certificates / f"{component}.kubeconfig"

    def etcd(self) -> Program:
        """One etcd member; fast to start unless the options ask for a durable one."""
        peer = f"http://127.0.0.1:{self.ports.etcd_peer}"
        flags = {
            "data-dir": self.state.root / "etcd",
            "listen-client-urls": self.etcd_url,
            "advertise-client-urls": self.etcd_url,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"default={peer}",
            "log-level": "warn",
        }
        if not self.options.durable_etcd:
            flags |= {"unsafe-no-fsync": "true", "heartbeat-interval": 20, "election-timeout": 100}
        return self._program("etcd", flags)

    def api_server(self) -> Program:
        """The API server, with RBAC and an audit log that is written before a request counts as done."""
        pki = self.state.certificates
        policy = pki / "audit-policy.yaml"
        policy.write_text(_AUDIT_POLICY)
        flags = {
            "etcd-servers": self.etcd_url,
            "bind-address": self.place.bind,
            "advertise-address": self.place.address,
            "secure-port": self.ports.api,
            # Loopback is no legal endpoint address.
            "endpoint-reconciler-type": "none" if self.place.is_loopback else "lease",
            "kubelet-client-certificate": pki / "apiserver-kubelet.crt",
            "kubelet-client-key": pki / "apiserver-kubelet.key",
            "kubelet-preferred-address-types": "InternalIP",
            "service-cluster-ip-range": "10.96.0.0/16",
            "allow-privileged": "true",
            "authorization-mode": "Node,RBAC",
            "enable-admission-plugins": "NodeRestriction",
            "tls-cert-file": pki / "apiserver.crt",
            "tls-private-key-file": pki / "apiserver.key",
            "client-ca-file": pki / "ca.crt",
            "service-account-issuer": "https://kubernetes.default.svc",
            "service-account-key-file": pki / "sa.pub",
            "service-account-signing-key-file": pki / "sa.key",
            "requestheader-client-ca-file": pki / "ca.crt",
            "requestheader-allowed-names": "front-proxy-client",
            "requestheader-username-headers": "X-Remote-User",
            "requestheader-group-headers": "X-Remote-Group",
            "requestheader-extra-headers-prefix": "X-Remote-Extra-",
            "proxy-client-cert-file": pki / "front-proxy.crt",
            "proxy-client-key-file": pki / "front-proxy.key",
            "watch-cache": str(self.options.watch_cache).lower(),
            "audit-policy-file": policy,
            "audit-log-path": self.state.audit_log,
            "audit-log-mode": "blocking",
            # Megabytes. Readers keep an offset into one file, so it is never rotated.
            "audit-log-maxsize": 1_000_000,
        }
        return self._program("kube-apiserver", flags)

    def controllers(self) -> Program:
        """The controller manager: Deployments, Jobs, garbage collection, namespaces and all others."""
        pki = self.state.certificates
        flags = {
            **self._component_flags("kube-controller-manager", self.ports.controllers),
            "use-service-account-credentials": "true",
            "service-account-private-key-file": pki / "sa.key",
            "root-ca-file": pki / "ca.crt",
            "cluster-signing-cert-file": pki / "ca.crt",
            "cluster-signing-key-file": pki / "ca.key",
            "allocate-node-cidrs": "false",
            "controllers": "*",
            "kube-api-qps": 500,
            "kube-api-burst": 1000,
        }
        return self._program("kube-controller-manager", flags)

    def scheduler(self) -> Program:
        """The scheduler, which places pods on the fake nodes."""
        return self._program("kube-scheduler", self._component_flags("kube-scheduler", self.ports.scheduler))

    def kwok(self, stages: Path) -> Program:
        """KWOK, which plays the kubelets of the fake nodes after these stages."""
        flags = {
            "kubeconfig": self.component_kubeconfig("kwok"),
            "manage-nodes-with-annotation-selector": "kwok.x-k8s.io/node=fake",
            "node-lease-duration-seconds": 40,
            "cidr": "10.245.0.0/16",
            "node-ip": "10.245.255.1",
            "server-address": f"127.0.0.1:{self.ports.kwok}",
            "node-port": self.ports.kwok,
            "config": stages,
        }
        return self._program("kwok", flags)

    def _component_flags(self, component: str, port: int) -> dict[str, object]:
        kubeconfig = self.component_kubeconfig(component)
        return {
            "kubeconfig": kubeconfig,
            "authentication-kubeconfig": kubeconfig,
            "authorization-kubeconfig": kubeconfig,
            "bind-address": "127.0.0.1",
            "secure-port": port,
            "leader-elect": "false",
        }

    def _program(self, name: str, flags: Mapping[str, object]) -> Program:
        arguments = (f"--{flag}={value}" for flag, value in flags.items())
        return Program(name, (str(self.binaries[name]), *arguments))
