"""The Job of one build: an init container fetches the commit, then a container builds and pushes. Pure.

With buildah it passes Pod Security `baseline`, with a BuildKit daemon `restricted`. What the two commands are
asked for is the same.
"""

from __future__ import annotations

from typing import Any, Final

from slipway.build.builders.job.arguments import SECRETS, SOURCE, build_arguments
from slipway.build.builders.job.naming import annotations_of, job_name, labels_of
from slipway.build.builders.job.registries import registry_mounts, registry_volumes
from slipway.build.builders.job.settings import JobSettings
from slipway.build.builders.order import BuildOrder, GitSource

__all__ = ["BUILD", "CLONE", "job_manifest"]

CLONE: Final = "clone"
"""Name of the container that fetches the source."""

BUILD: Final = "build"
"""Name of the container that builds; its termination message is the digest, or says why it failed."""

_CREDENTIALS: Final = "/run/slipway/git"
_USER: Final = 65532
_READABLE_BY_GROUP: Final = 0o440
_GRACE_SECONDS: Final = 5

_UNPRIVILEGED: Final[dict[str, Any]] = {
    "runAsNonRoot": True,
    "runAsUser": _USER,
    "runAsGroup": _USER,
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""What Pod Security `restricted` demands, and more."""

_ROOT_OF_THE_CONTAINER: Final[dict[str, Any]] = {"runAsUser": 0}
"""For buildah: no seccomp profile, for the usual one refuses the `unshare` that RUN instructions need."""


def job_manifest(order: BuildOrder, settings: JobSettings) -> dict[str, Any]:
    """The batch/v1 Job, without namespace and owner: a child lives where its owner lives.

    Args:
        order: What to build.
        settings: How.

    Raises:
        ValueError: when the order names no source: a Job cannot know what to build.
        InvalidReference: when a base is not an image reference.
    """
    if order.source is None:
        msg = f"build {order.number} of {order.image_name} names no source: a Job needs source.git"
        raise ValueError(msg)
    labels, annotations = labels_of(order), annotations_of(order)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": job_name(order), "labels": labels, "annotations": annotations},
        "spec": {
            # Whether a build is tried again is decided with what is known about its end.
            "backoffLimit": 0,
            "activeDeadlineSeconds": max(1, int(order.timeout.total_seconds())),
            "ttlSecondsAfterFinished": int(settings.ttl.total_seconds()),
            "template": {
                "metadata": {"labels": labels, "annotations": annotations},
                "spec": _pod(order, order.source, settings),
            },
        },
    }


def _pod(order: BuildOrder, source: GitSource, settings: JobSettings) -> dict[str, Any]:
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        # Files of Secrets belong to root: the group lets the others read them.
        "securityContext": {"fsGroup": _USER, "fsGroupChangePolicy": "OnRootMismatch"},
        "initContainers": [_clone(source, settings)],
        "containers": [_build(order, source, settings)],
        "volumes": _volumes(source, settings),
    }


def _clone(source: GitSource, settings: JobSettings) -> dict[str, Any]:
    environment = {
        "CLONE_URL": source.url,
        "CLONE_COMMIT": source.commit,
        "CLONE_DIRECTORY": SOURCE,
        "CLONE_PATH": source.path,
        "CLONE_DOCKERFILE": source.dockerfile,
        "CLONE_CREDENTIALS": _CREDENTIALS,
    }
    mounts = [_mount("workspace", "/workspace"), _mount("clone-scratch", "/tmp")]  # noqa: S108 - a volume of the pod
    if source.secret is not None:
        mounts.append(_mount("git", _CREDENTIALS, read_only=True))
    return {
        "name": CLONE,
        "image": settings.git_image,
        "command": ["clone"],
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "resources": dict(settings.resources),
        "securityContext": _UNPRIVILEGED,
        "volumeMounts": mounts,
    }


def _build(order: BuildOrder, source: GitSource, settings: JobSettings) -> dict[str, Any]:
    with_daemon = settings.buildkit_address is not None
    mounts = [_mount("workspace", "/workspace", read_only=True), _mount("build-scratch", "/tmp")]  # noqa: S108 - a volume of the pod
    if not with_daemon:
        mounts.append(_mount("storage", "/var/lib/containers"))
    mounts.extend(registry_mounts(settings.registries))
    if source.secrets:
        mounts.append(_mount("secrets", SECRETS, read_only=True))
    return {
        "name": BUILD,
        "image": settings.builder_image,
        "command": ["build"],
        "args": build_arguments(order, source, settings),
        "env": [{"name": "BUILDKIT_HOST", "value": settings.buildkit_address}] if with_daemon else [],
        "resources": dict(settings.resources),
        "securityContext": _UNPRIVILEGED if with_daemon else _ROOT_OF_THE_CONTAINER,
        "volumeMounts": mounts,
    }


def _volumes(source: GitSource, settings: JobSettings) -> list[dict[str, Any]]:
    names = ["workspace", "clone-scratch", "build-scratch"]
    if settings.buildkit_address is None:
        names.append("storage")
    volumes: list[dict[str, Any]] = [{"name": name, "emptyDir": {}} for name in names]
    if source.secret is not None:
        volumes.append(_secret_volume("git", source.secret))
    volumes.extend(registry_volumes(settings.registries))
    if source.secrets:
        sources = [{"secret": {"name": name}} for name in source.secrets]
        projected = {"sources": sources, "defaultMode": _READABLE_BY_GROUP}
        volumes.append({"name": "secrets", "projected": projected})
    return volumes


def _secret_volume(name: str, secret: str) -> dict[str, Any]:
    return {"name": name, "secret": {"secretName": secret, "defaultMode": _READABLE_BY_GROUP}}


def _mount(volume: str, path: str, *, read_only: bool = False) -> dict[str, Any]:
    return {"name": volume, "mountPath": path, **({"readOnly": True} if read_only else {})}
