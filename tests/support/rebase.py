"""A rebase on a real registry: images in repositories, and a client that records what is sent."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from dev.images import ImageMaker, MadeImage, Settings, add, compose, copy, note, run
from slipway.build.rebase import Place, Places, RebaseOrder, RebasePlan, RegistryApi, prepare
from slipway.oci.client import RegistryClient
from slipway.oci.manifest import ImageIndex, ImageManifest, ManifestV2
from slipway.oci.reference import ImageReference

__all__ = ["Recorder", "Scene", "app_on", "base_of", "planned"]


class Recorder:
    """The real client, with a record of what it was asked to send; it may break off after some writes."""

    def __init__(self, client: RegistryClient, breaks_after: int | None = None) -> None:
        self._client = client
        self._left = breaks_after
        self.uploaded: list[str] = []
        self.mounted: list[str] = []
        self.put: list[str] = []
        self.largest_piece = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def mount_blob(self, repository: str, digest: str, from_repository: str) -> bool:
        self._write()
        done = await self._client.mount_blob(repository, digest, from_repository)
        self.mounted += [digest] if done else []
        return done

    async def upload_blob(self, repository: str, digest: str, size: int, source: Any) -> None:
        self._write()
        self.uploaded.append(digest)
        pieces = source if isinstance(source, bytes) else self._measured(source)
        await self._client.upload_blob(repository, digest, size, pieces)

    async def put_manifest(self, repository: str, reference: str, manifest: ManifestV2) -> str:
        self._write()
        self.put.append(reference)
        return await self._client.put_manifest(repository, reference, manifest)

    def _write(self) -> None:
        if self._left == 0:
            raise ConnectionResetError
        self._left = None if self._left is None else self._left - 1

    async def _measured(self, source: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in source:
            self.largest_piece = max(self.largest_piece, len(piece))
            yield piece


class Scene:
    """An old base, an image on it and a new base in one corner of a registry."""

    def __init__(self, client: RegistryClient, host: str, corner: str) -> None:
        self.client = client
        self.host = host
        self.corner = corner
        self.maker = ImageMaker(client)

    def place(self, name: str, client: RegistryApi | None = None) -> Place:
        """One of its repositories, seen with another client if one is given."""
        reference = ImageReference.parse(f"{self.host}/{self.corner}/{name}")
        return Place(client or self.client, reference)

    @property
    def places(self) -> Places:
        """Source build and result in `app`, bases in `base`, one client for all."""
        return self.places_with(self.client, self.client)

    def places_with(self, app: RegistryApi, base: RegistryApi) -> Places:
        """The same repositories with a client for each."""
        target = self.place("app", app)
        return Places(target, self.place("base", base), target)

    @property
    def base_name(self) -> str:
        """Reference of the base."""
        return f"{self.host}/{self.corner}/base:stable"

    async def push(self, name: str, tag: str, image: MadeImage) -> MadeImage:
        """Push an image to one of its repositories."""
        return await self.maker.push(f"{self.corner}/{name}", tag, image)

    async def push_all(self, old: MadeImage, image: MadeImage, new: MadeImage) -> RebaseOrder:
        """Push the three images of a rebase, and give the order for it."""
        await self.push("base", "old", old)
        await self.push("app", "1.4.0", image)
        await self.push("base", "stable", new)
        return RebaseOrder(image.digest, old.digest, new.digest, self.base_name)

    async def manifest(self, reference: str) -> ManifestV2:
        """A manifest of the repository of the image."""
        return await self.client.get_manifest(f"{self.corner}/app", reference)

    async def images(self, reference: str) -> list[tuple[ImageManifest, dict[str, Any]]]:
        """Manifest and configuration of each platform, as the registry has them."""
        top = await self.manifest(reference)
        children = [top]
        if isinstance(top.content, ImageIndex):
            children = [await self.manifest(entry.digest) for entry in top.content.manifests]
        found = []
        for child in children:
            assert isinstance(child.content, ImageManifest)
            config = await self.client.get_blob(f"{self.corner}/app", child.content.config.digest, 1 << 20)
            found.append((child.content, json.loads(config)))
        return found


def base_of(version: str, platforms: list[str] | None = None, **options: Any) -> MadeImage:
    """A base of two layers, one of them by RUN, that differs by platform."""
    steps = [add({"/os": version + " {platform}"}), run("fix", {"/lib/tls": version * 100})]
    return compose(None, steps, Settings(env={"VERSION": version}), platforms=platforms or [], **options)


def app_on(base: MadeImage, **options: Any) -> MadeImage:
    """An application of one layer with its own command."""
    steps = [copy({"/app": "x" * 1000}), note('CMD ["/app"]')]
    return compose(base, steps, Settings(config={"Cmd": ["/app"]}), **options)


async def planned(order: RebaseOrder, places: Places) -> RebasePlan:
    """The plan of a rebase that must not be refused."""
    plan = await prepare(order, places)
    assert isinstance(plan, RebasePlan), plan
    return plan
