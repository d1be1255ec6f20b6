"""A BuildKit daemon on a cluster with a real node, for thin build Jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dev.api import resource_path
from dev.cluster import Cluster
from dev.node.images import BUILDKIT

__all__ = ["start_buildkit"]

_NAME = "buildkitd"
_PORT = 1234
_LABELS = {"app": _NAME}
_DIRECTORY = "/etc/buildkit"


def start_buildkit(
    cluster: Cluster, namespace: str, plain: Sequence[str], authorities: Mapping[str, str] | None = None
) -> str:
    """Start one in a namespace that allows privileged pods, and wait until it works.

    `plain` are the registries without TLS; `authorities` has, in PEM, whom registries with an authority of
    their own are trusted by. Gives its address, for `BUILDKIT_HOST`.
    """
    api = cluster.api
    api.create(resource_path("v1", "configmaps", namespace), _configuration(plain, authorities or {}))
    api.create(resource_path("v1", "services", namespace), _service())
    path = resource_path("apps/v1", "deployments", namespace)
    api.create(path, _deployment(f"{cluster.registry_host}/{BUILDKIT}"))
    api.wait_for(f"{path}/{_NAME}", _is_ready, timeout=180)
    return f"tcp://{_NAME}.{namespace}.svc.cluster.local:{_PORT}"


def _is_ready(deployment: dict[str, Any] | None) -> bool:
    return deployment is not None and deployment.get("status", {}).get("readyReplicas") == 1


def _configuration(plain: Sequence[str], authorities: Mapping[str, str]) -> dict[str, Any]:
    files = {host: f"authority-{number}.crt" for number, host in enumerate(authorities)}
    registries = "".join(f'[registry."{host}"]\n  http = true\n' for host in plain)
    registries += "".join(
        f'[registry."{host}"]\n  ca = ["{_DIRECTORY}/{name}"]\n' for host, name in files.items()
    )
    content = f"""\
[worker.oci]
  enabled = true
  binary = "/usr/sbin/runc"
  networkMode = "host"
  snapshotter = "overlayfs"
[worker.containerd]
  enabled = false
{registries}"""
    certificates = {files[host]: authority for host, authority in authorities.items()}
    return {"metadata": {"name": _NAME}, "data": {"buildkitd.toml": content, **certificates}}


def _service() -> dict[str, Any]:
    return {"metadata": {"name": _NAME}, "spec": {"selector": _LABELS, "ports": [{"port": _PORT}]}}


def _deployment(image: str) -> dict[str, Any]:
    unix = "unix:///run/buildkit/buildkitd.sock"
    container = {
        "name": _NAME,
        "image": image,
        "command": ["buildkitd", "--addr", f"tcp://0.0.0.0:{_PORT}", "--addr", unix],
        # Overlay mounts and runc need it; whoever builds there needs nothing.
        "securityContext": {"privileged": True, "runAsUser": 0},
        "readinessProbe": {
            "exec": {"command": ["buildctl", "--addr", unix, "debug", "workers"]},
            "periodSeconds": 1,
        },
        "volumeMounts": [
            {"name": "configuration", "mountPath": _DIRECTORY},
            {"name": "state", "mountPath": "/var/lib/buildkit"},
        ],
    }
    volumes = [
        {"name": "configuration", "configMap": {"name": _NAME}},
        {"name": "state", "emptyDir": {}},
    ]
    return {
        "metadata": {"name": _NAME},
        "spec": {
            "selector": {"matchLabels": _LABELS},
            "template": {
                "metadata": {"labels": _LABELS},
                "spec": {"containers": [container], "volumes": volumes},
            },
        },
    }
