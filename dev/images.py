"""Small real images in a registry, for the demo and for tests.

    maker = ImageMaker(client)  # a slipway.oci RegistryClient
    base = await maker.push_base("base/python", "3.12", files={"/usr/lib/tls": "1.0"}, env={"PYTHON": "3.12"})
    app = await maker.push_app("shop/api", "1.4.0", base=base, files={"/app/main.py": "print(1)"})

Special cases are made with `compose` and pushed with `ImageMaker.push`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dev.image_composer import (
    CREATED,
    Files,
    MadeImage,
    Settings,
    Step,
    add,
    compose,
    copy,
    note,
    parse,
    run,
)
from slipway.oci.client import RegistryClient
from slipway.oci.errors import UnsupportedManifest
from slipway.oci.manifest import ImageManifest, ManifestV2

__all__ = ["ImageMaker", "MadeImage", "Settings", "Step", "add", "compose", "copy", "note", "run"]


class ImageMaker:
    """Makes images and pushes them to one registry, or reads them back."""

    def __init__(self, client: RegistryClient) -> None:
        self._client = client

    async def push_base(
        self,
        repository: str,
        tag: str,
        *,
        files: Files,
        env: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        config: Mapping[str, Any] | None = None,
        platforms: Sequence[str] = ("linux/amd64",),
        created: str = CREATED,
    ) -> MadeImage:
        """Push an image that stands on nothing: one layer with these files.

        Args:
            repository: path within the registry.
            tag: what to tag it with.
            files: contents by path; `{platform}` in a text is replaced by the platform.
            env: its environment.
            labels: its labels.
            config: further members of `config`, such as Entrypoint and Cmd.
            platforms: several make an index.
            created: RFC 3339.
        """
        settings = Settings(env or {}, labels or {}, config or {}, created=created)
        return await self.push(repository, tag, compose(None, [add(files)], settings, platforms=platforms))

    async def push_app(
        self,
        repository: str,
        tag: str,
        *,
        base: MadeImage,
        files: Files,
        env: Mapping[str, str] | None = None,
        labels: Mapping[str, str] | None = None,
        config: Mapping[str, Any] | None = None,
        created: str = CREATED,
    ) -> MadeImage:
        """Push an image that stands on a base, as `FROM base` and `COPY files` would build it.

        Args:
            repository: path within the registry.
            tag: what to tag it with.
            base: what it stands on; on all its platforms.
            files: contents by path.
            env: its own environment.
            labels: its own labels.
            config: further members of `config`, such as Entrypoint and Cmd.
            created: RFC 3339.
        """
        settings = Settings(env or {}, labels or {}, config or {}, created=created)
        return await self.push(repository, tag, compose(base, [copy(files)], settings))

    async def push(self, repository: str, tag: str, image: MadeImage) -> MadeImage:
        """Push an image that `compose` made; blobs that are there already are not sent again."""
        for blob in image.blobs:
            if not await self._client.blob_exists(repository, blob.digest):
                await self._client.upload_blob(repository, blob.digest, len(blob.content), blob.content)
        for child in image.children:
            await self._client.put_manifest(repository, child.digest, ManifestV2.parse(child.content))
        await self._client.put_manifest(repository, tag, ManifestV2.parse(image.top.content))
        return replace(image, repository=repository, tag=tag)

    async def pull(self, repository: str, tag: str) -> MadeImage:
        """Read back an image of one platform that was pushed here.

        Raises:
            NotFound: there is none.
            UnsupportedManifest: it is an index.
        """
        top = await self._client.get_manifest(repository, tag)
        if not isinstance(top.content, ImageManifest):
            msg = f"{repository}:{tag} is an index; an image of one platform is wanted"
            raise UnsupportedManifest(msg)
        parts = (top.content.config, *top.content.layers)
        config, *layers = [await self._client.get_blob(repository, part.digest, part.size) for part in parts]
        return replace(parse(top.raw, config, layers), repository=repository, tag=tag)
