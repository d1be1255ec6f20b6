"""The manifests of the children: pod template, apps/v1 Deployment, Service, ControllerRevision. Pure.

Pods pass the level `restricted` of the Pod Security Standards
(https://kubernetes.io/docs/concepts/security/pod-security-standards/). That includes `runAsNonRoot`: an image
that runs as root, or whose USER is no number, is refused by the kubelet, and the Deployment says so.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final

from slipway.api.base import parse_duration
from slipway.api.deployment import DeploymentSpec, RejectedDigest
from slipway.kinds.deployment.inputs import Inputs, PortInput
from slipway.kinds.deployment.revisions import CAUSE_ANNOTATION, REJECTED_ANNOTATION, Revision
from slipway.kinds.deployment.strategies import workload_strategy

__all__ = [
    "CONTAINER",
    "NAME_LABEL",
    "PORTS_ANNOTATION",
    "REVISION_LABEL",
    "controller_revision",
    "pod_template",
    "selector",
    "service",
    "workload",
]

NAME_LABEL: Final = "slipway.dev/deployment"
"""On all children and pods: the name of our Deployment. Selectors rest on it alone."""

REVISION_LABEL: Final = "slipway.dev/revision"
"""On pods: the identity of the revision they run."""

PORTS_ANNOTATION: Final = "slipway.dev/ports"
"""On the Service: its ports in one word. It shows that a port went, since others may add ports of theirs."""

CONTAINER: Final = "app"
"""Name of the one container."""

_OLD_REPLICA_SETS: Final = 2
"""Empty ReplicaSets that Kubernetes keeps: our revisions are the history, these are only leftovers."""


def selector(name: str) -> dict[str, str]:
    """The labels that select the pods; they never change, since Kubernetes does not let them."""
    return {NAME_LABEL: name}


def pod_template(name: str, identity: str, inputs: Inputs, pull_secret: str | None = None) -> dict[str, Any]:
    """The pod template of a revision, as it is stored and run.

    Args:
        name: of our Deployment.
        identity: of the revision; the pull Secret has no part in it, so that nothing is rolled out for one.
        inputs: what the user asks for.
        pull_secret: the name of the Secret to pull the image with.
    """
    pull = {"imagePullSecrets": [{"name": pull_secret}]} if pull_secret is not None else {}
    return {
        "metadata": {"labels": {**_labels(name), REVISION_LABEL: identity}},
        "spec": {
            # Nothing here gives the application a reason to speak to the API server.
            "automountServiceAccountToken": False,
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            **pull,
            "containers": [_container(inputs)],
        },
    }


def workload(
    name: str, revision: Revision, spec: DeploymentSpec, annotations: Mapping[str, str]
) -> dict[str, Any]:
    """The apps/v1 Deployment that runs a revision with the replicas, strategy and deadline of now."""
    return {
        "metadata": {"name": name, "labels": _labels(name), "annotations": dict(annotations)},
        "spec": {
            "replicas": spec.replicas,
            "paused": False,
            "revisionHistoryLimit": _OLD_REPLICA_SETS,
            "progressDeadlineSeconds": math.ceil(parse_duration(spec.progress_deadline).total_seconds()),
            "selector": {"matchLabels": selector(name)},
            "strategy": workload_strategy(spec.strategy),
            "template": revision.template,
        },
    }


def service(name: str, inputs: Inputs) -> dict[str, Any]:
    """The Service in front of the pods of a revision that has ports."""
    ports = ",".join(f"{port.name}:{port.service_port}" for port in inputs.ports)
    return {
        "metadata": {"name": name, "labels": _labels(name), "annotations": {PORTS_ANNOTATION: ports}},
        "spec": {"selector": selector(name), "ports": [_service_port(port) for port in inputs.ports]},
    }


def controller_revision(
    child: str, name: str, revision: Revision, rejected: RejectedDigest | None
) -> dict[str, Any]:
    """The ControllerRevision, named `child`, that keeps a revision of the Deployment `name`."""
    annotations = {CAUSE_ANNOTATION: revision.cause} if revision.cause else {}
    if rejected is not None:
        entry = rejected.model_dump(mode="json", by_alias=True)
        annotations[REJECTED_ANNOTATION] = json.dumps(entry, sort_keys=True)
    return {
        "metadata": {"name": child, "labels": _labels(name), "annotations": annotations},
        "revision": revision.number,
        "data": {
            "number": revision.number,
            "inputs": revision.inputs.to_json(),
            "template": revision.template,
        },
    }


def _labels(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "slipway", **selector(name)}


def _container(inputs: Inputs) -> dict[str, Any]:
    # Ports that others add are left alone, so with none of ours there is nothing to say of them.
    ports = {"ports": [_container_port(port) for port in inputs.ports]} if inputs.ports else {}
    return {
        "name": CONTAINER,
        "image": inputs.image,
        "command": list(inputs.command),
        "args": list(inputs.args),
        **ports,
        "resources": {
            name: dict(amounts)
            for name, amounts in (("requests", inputs.requests), ("limits", inputs.limits))
            if amounts
        },
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }


def _container_port(port: PortInput) -> dict[str, Any]:
    return {"name": port.name, "containerPort": port.container_port, "protocol": "TCP"}


def _service_port(port: PortInput) -> dict[str, Any]:
    # By name: during a rollout the pods of both revisions are reached, whatever number each listens on.
    return {"name": port.name, "port": port.service_port, "targetPort": port.name, "protocol": "TCP"}
