"""The two images that examples/quickstart names, pushed as their own pipelines would push them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from dev.images import ImageMaker, MadeImage
from slipway.oci import RegistryClient

__all__ = ["QuickstartImages"]


@dataclass(frozen=True, slots=True)
class QuickstartImages:
    """The base image and the application in one registry."""

    registry_url: str
    corner: str = ""
    """Path in the registry below which the repositories lie; empty where the manifests name them."""

    @property
    def base_repository(self) -> str:
        """Path of the base image's repository."""
        return f"{self.corner}/base/runtime".lstrip("/")

    @property
    def app_repository(self) -> str:
        """Path of the application's repository."""
        return f"{self.corner}/shop/api".lstrip("/")

    def push_base(self, version: str) -> MadeImage:
        """Push a base image with a real layer under the tag that the Warehouse follows."""
        return asyncio.run(self._push_base(version))

    async def _push_base(self, version: str) -> MadeImage:
        files = {
            "/etc/runtime-release": f"runtime {version}\n",
            "/usr/lib/libtls.so": f"libtls {version}\n" * 4096,
        }
        env = {"RUNTIME_VERSION": version}
        async with RegistryClient(self.registry_url) as client:
            return await ImageMaker(client).push_base(self.base_repository, "stable", files=files, env=env)

    def push_app(self, base: MadeImage) -> MadeImage:
        """Push the application as its own pipeline would: built on this base, as tag 1.4.0."""
        return asyncio.run(self._push_app(base))

    async def _push_app(self, base: MadeImage) -> MadeImage:
        files = {"/app/server": "#!/bin/sh\nexec serve --port 8080\n" * 64}
        async with RegistryClient(self.registry_url) as client:
            return await ImageMaker(client).push_app(self.app_repository, "1.4.0", base=base, files=files)

    def newest_base(self) -> MadeImage:
        """The base image that the Warehouse's tag points to, read from the registry.

        Raises:
            NotFound: nobody pushed one.
        """
        return asyncio.run(self._newest_base())

    async def _newest_base(self) -> MadeImage:
        async with RegistryClient(self.registry_url) as client:
            return await ImageMaker(client).pull(self.base_repository, "stable")
