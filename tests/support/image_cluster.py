"""A cluster of ManagedImages in dictionaries, for the commands about builds."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from slipway.api.deployment import Deployment
from slipway.api.managedimage import ManagedImage
from slipway.cli.building.reading import BuildPod, Cluster, KnownImage
from slipway.cli.errors import Refused
from slipway.cli.reading import Where

__all__ = ["MADE", "Body", "ImageCluster", "application", "base", "build", "image", "pod"]

Body = dict[str, Any]

MADE = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
"""When all images were made, and their builds began."""

_DIGEST = "sha256:" + "a" * 64


def image(
    name: str,
    *bases: str | Body,
    namespace: str = "shop",
    phase: str = "Current",
    spec: Mapping[str, Any] | None = None,
    **status: Any,
) -> Body:
    """A ManagedImage that keeps `r.example.com/<namespace>/<name>:latest`, and stands on these bases."""
    known = [{"reference": one} if isinstance(one, str) else one for one in bases]
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"{namespace}-{name}",
            "resourceVersion": "1",
            "creationTimestamp": "2026-11-20T09:00:00Z",
        },
        "spec": {
            "image": {
                "repository": f"r.example.com/{namespace}/{name}",
                "tag": "1-{build}",
                "floatingTags": ["latest"],
            },
            "source": {"git": {"url": "https://git.example.com/x.git"}},
            "build": {"type": "Job"},
            **(spec or {}),
        },
        "status": {"phase": phase, "bases": known, **status},
    }


def base(reference: str, *kinds: str) -> Body:
    """A base that is used in these ways."""
    return {"reference": reference, "uses": [{"stage": "0", "kind": kind} for kind in kinds]}


def build(number: int, phase: str = "Succeeded", seconds: float | None = 60, **more: Any) -> Body:
    """A build that began when all images were made, and ended some seconds later."""
    ended = {} if seconds is None else {"finishedAt": (MADE + timedelta(seconds=seconds)).isoformat()}
    return {
        "number": number,
        "key": f"key-{number}",
        "phase": phase,
        "reference": f"r.example.com/shop/api:1-{number}",
        "startedAt": MADE.isoformat(),
        "method": "Build",
        **ended,
        **({"digest": _DIGEST} if phase == "Succeeded" else {}),
        **more,
    }


def application(name: str, source: Mapping[str, Any], *, namespace: str = "shop", **rest: Any) -> Body:
    """A Deployment (slipway.dev) whose image is this."""
    status = rest.pop("status", {})
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"image": dict(source), **rest},
        "status": status,
    }


def pod(name: str, phase: str, **states: str) -> Body:
    """The pod of a build, whose containers `clone` and `build` are `waiting`, `running` or `terminated`."""

    def statuses(container: str) -> list[Body]:
        state = states.get(container)
        return [] if state is None else [{"name": container, "state": {state: {}}}]

    return {
        "metadata": {"name": name, "creationTimestamp": "2026-11-20T09:00:00Z"},
        "spec": {"initContainers": [{"name": "clone"}], "containers": [{"name": "build"}]},
        "status": {
            "phase": phase,
            "initContainerStatuses": statuses("clone"),
            "containerStatuses": statuses("build"),
        },
    }


@dataclass
class ImageCluster:
    """Implements `slipway.cli.building.reading.Cluster`; `then` changes it while a command waits."""

    bodies: Sequence[Body] = ()
    applications: Sequence[Body] = ()
    listed_pods: list[Body] = field(default_factory=list)
    output: Mapping[tuple[str, str], Sequence[bytes]] = field(default_factory=dict)
    """What a container of a pod says, piece by piece."""

    namespace: str = "shop"
    annotated: list[tuple[str, str, str]] = field(default_factory=list)
    """Name of the image, annotation, value."""

    read: list[tuple[str, str, bool]] = field(default_factory=list)
    """Pod, container, and whether its log was followed."""

    then: list[Callable[[ImageCluster], None]] = field(default_factory=list)
    """What happens in the next pauses."""

    async def images(self, namespace: str | None) -> Sequence[KnownImage]:
        return [KnownImage.from_body(body) for body in self.bodies if _is_in(namespace, body)]

    async def deployments(self, namespace: str | None) -> Sequence[Deployment]:
        return [Deployment.model_validate(body) for body in self.applications if _is_in(namespace, body)]

    async def image(self, name: str) -> ManagedImage:
        for one in await self.images(self.namespace):
            if one.image.metadata.name == name:
                return one.image
        msg = f"There is no ManagedImage {name}"
        raise Refused(msg)

    async def annotate(self, image: ManagedImage, name: str, value: str) -> None:
        self.annotated.append((image.metadata.name, name, value))

    async def pods(self, image: str, build: int) -> Sequence[BuildPod]:
        return [BuildPod.from_body(body) for body in self.listed_pods]

    async def log(self, pod: str, container: str, *, follow: bool) -> AsyncGenerator[bytes, None]:
        self.read.append((pod, container, follow))
        for piece in self.output.get((pod, container), ()):
            yield piece

    async def pause(self, _: float) -> None:
        """Let the next thing happen; there has to be one."""
        self.then.pop(0)(self)

    @asynccontextmanager
    async def connect(self, where: Where) -> AsyncIterator[Cluster]:
        """This cluster, whatever is meant."""
        if where.namespace is not None:
            self.namespace = where.namespace
        yield self


def _is_in(namespace: str | None, body: Body) -> bool:
    return namespace in {None, body["metadata"]["namespace"]}
