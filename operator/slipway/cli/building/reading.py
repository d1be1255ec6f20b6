"""What the commands read of images and their builds, and from whom."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self, TypeAlias

from slipway.api.deployment import Deployment
from slipway.api.managedimage import ManagedImage
from slipway.cli.reading import Where
from slipway.kinds.managedimage.view import ManagedImageView

__all__ = ["BuildContainer", "BuildPod", "Cluster", "ConnectCluster", "KnownImage"]

_USUAL: Final = frozenset({"ContainerCreating", "PodInitializing"})
"""Why a container waits that will begin by itself."""


@dataclass(frozen=True, slots=True)
class KnownImage:
    """A ManagedImage, whole and as others find it."""

    image: ManagedImage
    view: ManagedImageView

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Self:
        """Read a live object.

        Raises:
            ValidationError: it is of a version that is not known here.
        """
        return cls(ManagedImage.model_validate(body), ManagedImageView.from_body(body))


@dataclass(frozen=True, slots=True)
class BuildContainer:
    """A container of the pod of a build."""

    name: str
    has_begun: bool
    """Whether it has a log: it runs, or has ended."""


@dataclass(frozen=True, slots=True)
class BuildPod:
    """A pod that makes one attempt at a build."""

    name: str
    containers: tuple[BuildContainer, ...]
    """In the order in which they run."""

    is_over: bool
    """Whether all of them have ended, or never will begin."""

    held_by: str = ""
    """Why it does not go on, as the scheduler or its node says; empty where neither says so."""

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Self:
        """Read a live pod."""
        spec, status = body.get("spec") or {}, body.get("status") or {}
        states = {
            one["name"]: one.get("state") or {}
            for field in ("initContainerStatuses", "containerStatuses")
            for one in status.get(field) or ()
        }
        names = [one["name"] for field in ("initContainers", "containers") for one in spec.get(field) or ()]
        return cls(
            body["metadata"]["name"],
            tuple(BuildContainer(name, _has_begun(states.get(name, {}))) for name in names),
            status.get("phase") in {"Succeeded", "Failed"},
            _unplaced(status) or next(filter(None, map(_stuck, names, map(states.get, names))), ""),
        )


class Cluster(Protocol):
    """A cluster, as far as builds are concerned. All of its methods raise `Refused`."""

    @property
    def namespace(self) -> str:
        """The namespace that is meant."""

    async def images(self, namespace: str | None) -> Sequence[KnownImage]:
        """The ManagedImages of a namespace, or of all of them."""

    async def deployments(self, namespace: str | None) -> Sequence[Deployment]:
        """The Deployments (slipway.dev) of a namespace, or of all of them."""

    async def image(self, name: str) -> ManagedImage:
        """A ManagedImage of the namespace, as it is now."""

    async def annotate(self, image: ManagedImage, name: str, value: str) -> None:
        """Write one annotation of the object that was read, and nothing else."""

    async def pods(self, image: str, build: int) -> Sequence[BuildPod]:
        """The pods of a build of an image of the namespace, the oldest first."""

    def log(self, pod: str, container: str, *, follow: bool) -> AsyncGenerator[bytes, None]:
        """The log of a container of a pod, piece by piece; with `follow` until it ends."""


ConnectCluster: TypeAlias = Callable[[Where], AbstractAsyncContextManager[Cluster]]
"""Opens what is read."""


def _has_begun(state: Mapping[str, Any]) -> bool:
    return "running" in state or "terminated" in state


def _unplaced(status: Mapping[str, Any]) -> str:
    """Why no node takes the pod."""
    told = {one["type"]: one for one in status.get("conditions") or ()}.get("PodScheduled") or {}
    return str(told.get("message") or "") if told.get("status") == "False" else ""


def _stuck(name: str, state: Mapping[str, Any] | None) -> str:
    """What a container waits for that it will not get by itself, such as its image."""
    waiting = (state or {}).get("waiting") or {}
    reason = waiting.get("reason")
    if reason is None or reason in _USUAL:
        return ""
    return ": ".join(filter(None, (name, reason, waiting.get("message"))))
