"""The fake nodes, and the stages after which KWOK plays their kubelets (`dev/kwok/`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dev.api import KubeApi, resource_path
from dev.state import ClusterOptions

__all__ = ["create_nodes", "is_ready", "node_names", "write_stages"]

_SOURCES = Path(__file__).with_name("kwok")


def write_stages(target: Path, options: ClusterOptions) -> None:
    """Fill the options into the stage files and write them as one file for KWOK."""
    pods = (_SOURCES / "pod.yaml").read_text()
    values = {
        "<<outcome>>": _yaml_quoted(_without_comments((_SOURCES / "outcome.jq").read_text())),
        "<<ready_delay>>": _milliseconds(options.ready_delay),
        "<<job_run_time>>": _milliseconds(options.job_run_time),
    }
    for placeholder, value in values.items():
        pods = pods.replace(placeholder, value)
    target.write_text((_SOURCES / "node.yaml").read_text() + "---\n" + pods)


def node_names(options: ClusterOptions) -> list[str]:
    """The names of the fake nodes."""
    return [f"fake{number}" for number in range(options.nodes)]


def create_nodes(api: KubeApi, options: ClusterOptions) -> None:
    """Register the fake nodes, as kubelets would; without a taint, so that any pod may go there."""
    for name in node_names(options):
        api.create(resource_path("v1", "nodes"), _node(name))


def is_ready(node: dict[str, Any] | None) -> bool:
    """Whether pods can be placed: Ready, and the taint for new nodes is gone."""
    if node is None or node["spec"].get("taints"):
        return False
    conditions = node.get("status", {}).get("conditions", [])
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def _node(name: str) -> dict[str, Any]:
    room = {"cpu": "256", "memory": "1Ti", "pods": "1000"}
    labels = {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", "kubernetes.io/hostname": name}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}},
        "status": {"capacity": room, "allocatable": room},
    }


def _without_comments(program: str) -> str:
    lines = (line.strip() for line in program.splitlines())
    return " ".join(line for line in lines if line and not line.startswith("#"))


def _yaml_quoted(text: str) -> str:
    return text.replace("'", "''")


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
