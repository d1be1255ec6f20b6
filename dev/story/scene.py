"""Where a story plays: one namespace of a cluster, one corner of its registry."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from dev.api import ApiError, resource_path
from dev.cache import PROJECT
from dev.cluster import Cluster
from dev.quickstart import QuickstartImages
from slipway.oci import RegistryClient

__all__ = ["QUICKSTART", "Scene", "StoryFailed"]

QUICKSTART = PROJECT / "examples" / "quickstart"
"""The manifests that the README tells a newcomer to apply."""

_PLACEHOLDER = "registry.example.com"
_GROUP = "slipway.dev/v1alpha1"

Json = dict[str, Any]
Found = TypeVar("Found")


class StoryFailed(AssertionError):  # noqa: N818 - it tells what happened
    """Something is not as it must be; the message tells what was expected and what was found."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One namespace with the quickstart manifests in it, and the repositories that they name."""

    cluster: Cluster
    namespace: str
    corner: str
    """Path in the registry below which this scene's repositories lie, so that scenes do not meet."""
    timeout: float = 30.0
    """Seconds that anything may take."""

    # --- the registry

    @property
    def images(self) -> QuickstartImages:
        """The base image and the application, in this scene's corner."""
        return QuickstartImages(self.cluster.registry_url, self.corner)

    @property
    def base_repository(self) -> str:
        """Path of the base image's repository."""
        return self.images.base_repository

    @property
    def app_repository(self) -> str:
        """Path of the application's repository."""
        return self.images.app_repository

    def digest_of(self, repository: str, tag: str) -> str:
        """What a tag points to, asked of the registry itself."""

        async def ask() -> str:
            async with RegistryClient(self.cluster.registry_url) as client:
                return (await client.head_manifest(repository, tag)).digest

        return asyncio.run(ask())

    def diff_ids_of(self, repository: str, reference: str) -> tuple[str, ...]:
        """The digests of the uncompressed layers of a single image, bottom first, read from the registry."""

        async def ask() -> tuple[str, ...]:
            async with RegistryClient(self.cluster.registry_url) as client:
                manifest = yaml.safe_load((await client.get_manifest(repository, reference)).raw)
                config = await client.get_blob(repository, manifest["config"]["digest"], max_bytes=1 << 20)
                return tuple(yaml.safe_load(config)["rootfs"]["diff_ids"])

        return asyncio.run(ask())

    def tags_of(self, repository: str) -> tuple[str, ...]:
        """All tags of a repository."""

        async def ask() -> tuple[str, ...]:
            async with RegistryClient(self.cluster.registry_url) as client:
                return (await client.list_tags(repository)).sorted().names

        return asyncio.run(ask())

    def reference(self, digest: str) -> str:
        """The application's image as pods name it."""
        return f"{self.cluster.registry_host}/{self.app_repository}@{digest}"

    # --- the cluster

    def create_namespace(self) -> None:
        """Make the namespace, and wait until pods can be created in it."""
        self.cluster.api.create(resource_path("v1", "namespaces"), {"metadata": {"name": self.namespace}})
        account = resource_path("v1", "serviceaccounts", self.namespace, "default")
        self.cluster.api.wait_for(account, lambda found: found is not None, timeout=self.timeout)

    def delete_namespace(self) -> None:
        """Remove the namespace with everything in it, and wait until it is gone."""
        path = resource_path("v1", "namespaces", None, self.namespace)
        self.cluster.api.delete(path)
        self.cluster.api.wait_for(path, lambda found: found is None, timeout=60)

    def apply_quickstart(self) -> None:
        """Apply the example as a newcomer does, with the registry of this scene put in."""
        for file in sorted(QUICKSTART.glob("*.yaml")):
            self.cluster.kubectl("apply", "-n", self.namespace, "-f", "-", stdin=self._localised(file))

    def _localised(self, file: Path) -> str:
        host = self.cluster.registry_host
        text = file.read_text().replace(f"//{_PLACEHOLDER}", f"//{host}")
        return text.replace(_PLACEHOLDER, f"{host}/{self.corner}")

    def read(self, plural: str, name: str) -> Json:
        """One object of ours, as it stands."""
        return self.cluster.api.get(self.path(plural, name))

    def path(self, plural: str, name: str | None = None) -> str:
        """The URL path of our objects."""
        return resource_path(_GROUP, plural, self.namespace, name)

    def workload(self) -> Json:
        """The apps/v1 Deployment that Slipway made."""
        return self.cluster.api.get(resource_path("apps/v1", "deployments", self.namespace, "api"))

    def running_image(self) -> str:
        """The image in the workload's pod template."""
        image: str = self.workload()["spec"]["template"]["spec"]["containers"][0]["image"]
        return image

    def patch(self, plural: str, name: str, spec: Json) -> None:
        """Change a spec as a person does."""
        self.cluster.api.patch(self.path(plural, name), {"spec": spec})

    def wait(self, what: str, look: Callable[[], Found | None]) -> Found:
        """The first answer that is not None and not False.

        Raises:
            StoryFailed: it did not come in time; the message shows the state of all objects.
        """
        deadline = time.monotonic() + self.timeout
        while True:
            found = _answer_of(look)
            if found is not None and found is not False:
                return found
            if time.monotonic() > deadline:
                msg = f"not within {self.timeout:g} s: {what}\n{self.describe()}"
                raise StoryFailed(msg)
            time.sleep(0.03)

    def expect(self, what: str, found: object, wanted: object) -> None:
        """Demand that two values are equal.

        Raises:
            StoryFailed: they are not.
        """
        if found != wanted:
            msg = f"{what}: expected {wanted!r}, found {found!r}\n{self.describe()}"
            raise StoryFailed(msg)

    def describe(self) -> str:
        """All objects of ours with their Ready conditions, for a message about what went wrong."""
        lines = []
        for plural in ("registries", "warehouses", "managedimages", "deployments"):
            for item in self.cluster.api.get(self.path(plural)).get("items", ()):
                status = item.get("status", {})
                conditions: list[Json] = status.get("conditions", [])
                ready: Json = next((one for one in conditions if one["type"] == "Ready"), {})
                lines.append(
                    f"  {plural}/{item['metadata']['name']}: {status.get('phase', '-')}, "
                    f"Ready={ready.get('status')} {ready.get('reason')}: {ready.get('message')}"
                )
        return "\n".join(lines)


def _answer_of(look: Callable[[], Found | None]) -> Found | None:
    try:
        return look()
    except ApiError as error:
        if error.status == 404:
            return None
        raise
