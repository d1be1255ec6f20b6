"""The order in which a cluster comes up, and what "ready" means."""

from __future__ import annotations

import ssl
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dev import nodes, registry
from dev.api import ApiError, KubeApi, resource_path
from dev.cache import PROJECT
from dev.certificates import Authority, write_signing_key
from dev.children import Children
from dev.components import Layout
from dev.kubeconfig import Kubeconfig
from dev.node.certificates import write_node_certificates
from dev.processes import Program

__all__ = ["BringUp"]

_COMPONENT_USERS = {
    "kube-controller-manager": "system:kube-controller-manager",
    "kube-scheduler": "system:kube-scheduler",
    "kube-proxy": "system:kube-proxy",
}
_ADMINISTRATORS = "system:masters"


@dataclass(frozen=True, slots=True)
class BringUp:
    """Brings up one cluster; `report` hears of each step that is done."""

    layout: Layout
    children: Children
    report: Callable[[str], None]

    def run(self) -> None:
        """Start everything and return when pods can be created.

        Raises:
            ComponentEnded: something did not come up.
            TimeToGo: somebody wants the end meanwhile.
        """
        self._start_storage()
        self._write_certificates()
        self._until("etcd", lambda: _answers(f"{self.layout.etcd_url}/health"))
        self.children.start(self.layout.api_server())
        api = KubeApi.at(self.layout.state.kubeconfig)
        # The controller manager exits for good when it is started before the bootstrap roles are there.
        self._until("kube-apiserver", lambda: _is_ready(api))
        self._start_controllers()
        nodes.create_nodes(api, self.layout.options)
        self._wait_for_controllers(api)

    def _start_storage(self) -> None:
        self.children.start(self.layout.etcd())
        directory = self.layout.state.registry
        binary = self.layout.binaries["registry"]
        bind = self.layout.place.bind
        self.children.start(registry.program(binary, directory, self.layout.ports.registry, bind=bind))

    def _start_controllers(self) -> None:
        stages = self.layout.state.root / "stages.yaml"
        nodes.write_stages(stages, self.layout.options)
        self.children.start(self.layout.controllers())
        self.children.start(self.layout.scheduler())
        if self.layout.options.nodes:
            self.children.start(self.layout.kwok(stages))
            self.children.start(_puller(self.layout.component_kubeconfig("puller")))

    def _wait_for_controllers(self, api: KubeApi) -> None:
        for name, port in (
            ("kube-controller-manager", self.layout.ports.controllers),
            ("kube-scheduler", self.layout.ports.scheduler),
        ):
            url = f"https://127.0.0.1:{port}/healthz"
            self._until(name, partial(_answers, url))
        for name in nodes.node_names(self.layout.options):
            path = resource_path("v1", "nodes", name=name)
            self._until(f"node {name}", partial(_is_node_ready, api, path))
        # Before it exists every pod is refused.
        account = resource_path("v1", "serviceaccounts", "default", "default")
        self._until("service accounts", lambda: api.find(account) is not None)
        self._until("registry", lambda: registry.answers(f"http://127.0.0.1:{self.layout.ports.registry}"))

    def _until(self, what: str, ready: Callable[[], bool]) -> None:
        self.children.until(what, ready)
        self.report(what)

    def _write_certificates(self) -> None:
        state, server = self.layout.state, self.layout.server
        authority = Authority(state.certificates)
        services = [".".join(("kubernetes", "default", "svc", "cluster.local")[:n]) for n in range(1, 5)]
        addresses = ["127.0.0.1", "10.96.0.1", self.layout.place.address]
        authority.server("apiserver", dns=["localhost", *services], addresses=addresses)
        authority.client("front-proxy", user="front-proxy-client")
        authority.client("apiserver-kubelet", user="kube-apiserver-kubelet-client", group=_ADMINISTRATORS)
        write_signing_key(state.certificates)
        for name, user in _COMPONENT_USERS.items():
            client = authority.client(name, user=user)
            Kubeconfig.of(server, authority.files.certificate, client).write(
                self.layout.component_kubeconfig(name)
            )
        for name in ("kwok", "puller"):
            client = authority.client(name, user=name, group=_ADMINISTRATORS)
            Kubeconfig.of(server, authority.files.certificate, client).write(
                self.layout.component_kubeconfig(name)
            )
        if self.layout.options.real_node:
            write_node_certificates(authority, self.layout)
        admin = authority.client("admin", user="admin", group=_ADMINISTRATORS)
        Kubeconfig.of(server, authority.files.certificate, admin).write(state.kubeconfig)
        dev = authority.client("dev", user="dev", group="devs")
        Kubeconfig.of(server, authority.files.certificate, dev).write(state.plain_kubeconfig)


def _puller(kubeconfig: Path) -> Program:
    argv = (sys.executable, "-m", "dev.puller", str(kubeconfig))
    return Program("puller", argv, {"PYTHONPATH": str(PROJECT)})


def _is_node_ready(api: KubeApi, path: str) -> bool:
    return nodes.is_ready(api.find(path))


def _is_ready(api: KubeApi) -> bool:
    try:
        return bool(api.get("/readyz").get("text") == "ok")
    except (OSError, ApiError):
        return False


def _answers(url: str) -> bool:
    # The controllers' certificates are of their own making.
    context = ssl._create_unverified_context() if url.startswith("https:") else None  # noqa: SLF001 - urllib has no other switch
    try:
        with urllib.request.urlopen(url, timeout=2, context=context) as response:
            return bool(response.status == 200)
    except OSError:
        return False
