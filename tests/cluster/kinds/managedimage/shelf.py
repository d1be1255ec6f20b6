"""A base and applications in a registry, and the objects that keep them together."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from dev.image_composer import MadeImage, Settings, Step, add, compose, copy
from dev.images import ImageMaker
from slipway.oci import RegistryClient
from tests.support.objects import Body, Objects

__all__ = ["APP", "Shelf", "manage", "stands_on", "watch_base"]

APP = [copy({"/app/server": "serve"})]


@dataclass(frozen=True)
class Shelf:
    """A base and an application in a registry, below a corner of this test's own."""

    url: str
    corner: str

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    @property
    def base(self) -> str:
        return f"{self.host}/{self.corner}/base"

    def app(self, name: str = "api") -> str:
        return f"{self.host}/{self.corner}/{name}"

    def push_base(self, version: str) -> MadeImage:
        return self._push(f"{self.corner}/base", "stable", compose(None, [add({"/lib/tls": version})]))

    def push_app(
        self,
        base: MadeImage,
        steps: Sequence[Step] = APP,
        name: str = "api",
        labels: Mapping[str, str] = MappingProxyType({}),
    ) -> MadeImage:
        return self._push(f"{self.corner}/{name}", "1.4.0", compose(base, steps, Settings(labels=labels)))

    def tags(self) -> tuple[str, ...]:
        async def ask() -> tuple[str, ...]:
            async with RegistryClient(self.url) as client:
                return (await client.list_tags(f"{self.corner}/api")).sorted().names

        return asyncio.run(ask())

    def digest(self, tag: str) -> str:
        async def ask() -> str:
            async with RegistryClient(self.url) as client:
                return (await client.head_manifest(f"{self.corner}/api", tag)).digest

        return asyncio.run(ask())

    def delete(self, digest: str) -> None:
        """Remove a manifest of the application with all its tags, as a retention policy would."""
        connection = http.client.HTTPConnection(self.host, timeout=10)
        connection.request("DELETE", f"/v2/{self.corner}/api/manifests/{digest}")
        assert connection.getresponse().status == http.client.ACCEPTED
        connection.close()

    def _push(self, repository: str, tag: str, image: MadeImage) -> MadeImage:
        async def push() -> MadeImage:
            async with RegistryClient(self.url) as client:
                return await ImageMaker(client).push(repository, tag, image)

        return asyncio.run(push())


def watch_base(objects: Objects, shelf: Shelf) -> None:
    objects.warehouse("base", shelf.base, {"type": "Digest", "digest": {"tag": "stable"}})


def manage(
    objects: Objects, shelf: Shelf, name: str = "api", *, allow_run: bool = False, **spec: Any
) -> Body:
    rebase = {"from": {"tag": "1.4.0"}, "allowRun": allow_run}
    body = {
        "apiVersion": "slipway.dev/v1alpha1",
        "kind": "ManagedImage",
        "metadata": {"name": name},
        "spec": {
            "image": {"repository": shelf.app(name), "tag": "1.4.0-{build}"},
            "bases": [{"reference": f"{shelf.base}:stable"}],
            "build": {"type": "None", "baseChange": "Rebase", "rebase": rebase},
            **spec,
        },
    }
    return objects.api.create(objects.path("managedimages"), body)


def stands_on(base: MadeImage) -> Callable[[Body | None], bool]:
    """Whether the image is current on this base."""

    def check(body: Body | None) -> bool:
        status = (body or {}).get("status") or {}
        known = (status.get("bases") or [{}])[0]
        return status.get("phase") == "Current" and known.get("builtDigest") == base.digest

    return check
