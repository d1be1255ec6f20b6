"""Stands in for the pods of build Jobs, which fake nodes only pretend to run: pushes what they would."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

from dev.api import KubeApi, resource_path
from dev.image_composer import MadeImage, Settings, compose, copy
from dev.images import ImageMaker
from slipway.oci import RegistryClient

__all__ = ["Bakery", "push_build"]

Job = dict[str, Any]


@dataclass
class Bakery:
    """Watches the Jobs of one namespace; ends with the block."""

    api: KubeApi
    namespace: str
    registry_url: str
    bases: dict[str, MadeImage] = field(default_factory=dict)
    """What may be built on, by digest."""

    pushes: Callable[[Job], bool] = lambda _: True
    """Whether what a Job builds is pushed."""

    content: Callable[[Job], str] = lambda job: str(job["metadata"]["labels"]["slipway.dev/build-key"])
    """What the one layer above the base says."""

    seen: list[Job] = field(default_factory=list)
    """All Jobs, in the order in which they came."""

    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def add(self, base: MadeImage) -> MadeImage:
        """Make a base known."""
        self.bases[base.digest] = base
        return base

    @property
    def keys(self) -> list[str]:
        """The keys of the builds that were given to Jobs."""
        return [job["metadata"]["labels"]["slipway.dev/build-key"] for job in self.seen]

    def _work(self) -> None:
        known: set[str] = set()
        path = resource_path("batch/v1", "jobs", self.namespace)
        while not self._over.wait(0.05):
            for job in self.api.get(path)["items"]:
                if job["metadata"]["uid"] not in known:
                    known.add(job["metadata"]["uid"])
                    self.seen.append(job)
                    if self.pushes(job):
                        asyncio.run(self._push(job))

    async def _push(self, job: Job) -> None:
        annotations = job["metadata"]["annotations"]
        bases = json.loads(annotations["slipway.dev/bases"])
        base = next((self.bases[digest] for digest in bases.values() if digest in self.bases), None)
        reference = annotations["slipway.dev/reference"]
        marks = {"slipway.dev/build-key": annotations["slipway.dev/build-key"]}  # as the builder images do
        image = await push_build(self.registry_url, reference, base, self.content(job), marks=marks)
        self.bases[image.digest] = image


async def push_build(
    registry_url: str,
    reference: str,
    base: MadeImage | None,
    content: str,
    labels: Mapping[str, str] = MappingProxyType({}),
    *,
    marks: Mapping[str, str] = MappingProxyType({}),
) -> MadeImage:
    """Push an image with one layer on its base, and with these labels and annotations."""
    image = compose(base, [copy({"/app/server": content})], Settings(labels=labels, annotations=marks))
    repository, _, tag = reference.partition("/")[2].rpartition(":")
    async with RegistryClient(registry_url) as client:
        await ImageMaker(client).push(repository, tag, image)
    return image
