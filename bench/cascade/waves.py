"""What is done to the thousand images: enrolled, then pushed below, once and in mid-wave again."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp

from bench.cascade.images import base_image
from bench.cascade.population import BASE_TAG, BASE_WAREHOUSE, Population
from bench.cascade.pushing import Shelf
from bench.common.api import API, Api, in_flight
from dev.cluster import Cluster

__all__ = ["Pushes", "Scene", "pushing"]

_PATIENCE: Final = 900.0
"""Seconds for one wave."""


@dataclass
class Pushes:
    """What the process tells that pushes the results of Jobs."""

    process: subprocess.Popen[str]
    names: list[str] = field(default_factory=list)
    """Of the images, in the order of their pushes; one for each build."""

    async def reach(self, count: int) -> None:
        """Wait until there were so many.

        Raises:
            TimeoutError: they never came.
        """
        deadline = time.monotonic() + _PATIENCE
        while len(self.names) < count:
            if time.monotonic() > deadline or self.process.poll() is not None:
                msg = f"only {len(self.names)} of {count} builds were pushed"
                raise TimeoutError(msg)
            await asyncio.sleep(0.1)


@dataclass(frozen=True, slots=True)
class Scene:
    """One namespace with the objects of a shape."""

    cluster: Cluster
    api: Api
    population: Population
    registry: aiohttp.ClientSession

    @property
    def namespace(self) -> str:
        """Where the objects are."""
        return self.population.namespace

    async def fill(self) -> None:
        """Make the namespace and all objects."""
        population = self.population
        await self.api.request("POST", "/api/v1/namespaces", {"metadata": {"name": self.namespace}})
        await self.api.request("POST", self.path("warehouses"), population.warehouse())
        await self._make("managedimages", population.images())
        await self._make("deployments", population.applications())

    def path(self, plural: str) -> str:
        """Of one of our kinds."""
        return f"{API}/namespaces/{self.namespace}/{plural}"

    async def _make(self, plural: str, bodies: Iterable[dict[str, Any]]) -> None:
        await in_flight(bodies, lambda body: self.api.request("POST", self.path(plural), body))

    async def push_base(self, version: str) -> str:
        """Push a base; its digest. Nobody is told."""
        image = base_image(version)
        await Shelf(self.registry, self.cluster.registry_url, self.namespace).push(
            self.population.shape.base.name, BASE_TAG, image
        )
        return image.digest

    async def ask(self) -> datetime:
        """Let the Warehouse of the base look; the moment before."""
        now = datetime.now(UTC)
        body = {"metadata": {"annotations": {"slipway.dev/reconcile": now.isoformat()}}}
        path = f"{self.path('warehouses')}/{BASE_WAREHOUSE}"
        await self.api.request("PATCH", path, body, "application/merge-patch+json")
        return now

    async def wait(self, base: str) -> None:
        """Wait until all images and applications stand on this base.

        Raises:
            TimeoutError: some never do.
        """
        deadline = time.monotonic() + _PATIENCE
        while missing := await self.wrong(base):
            if time.monotonic() > deadline:
                msg = f"{len(missing)} are not on {base}, such as {missing[:5]}"
                raise TimeoutError(msg)
            await asyncio.sleep(1)

    async def wrong(self, base: str) -> list[str]:
        """Who is not on this base, by the word of the API server alone."""
        digests = {self.population.shape.base.name: base}
        images = {
            body["metadata"]["name"]: body for body in await self.api.all_of(self.path("managedimages"))
        }
        missing = []
        for vertex in self.population.shape.built:
            body = images[vertex.name]
            status = body.get("status") or {}
            digests[vertex.name] = (status.get("image") or {}).get("digest", "")
            built_on = {one["reference"]: one.get("builtDigest") for one in status.get("bases") or ()}
            wanted = {self.population.reference(name): digests[name] for name in vertex.parents}
            if status.get("phase") != "Current" or built_on != wanted:
                missing.append(vertex.name)
        if missing:
            return missing
        running = await self._running()
        return [
            f"deployment {leaf.name}"
            for leaf in self.population.shape.leaves
            if running.get(leaf.name) != digests[leaf.name]
        ]

    async def _running(self) -> dict[str, str]:
        """The digests that complete Deployments run, by their names."""
        bodies = await self.api.all_of(f"/apis/apps/v1/namespaces/{self.namespace}/deployments")
        return {
            body["metadata"]["name"]: body["spec"]["template"]["spec"]["containers"][0]["image"].partition(
                "@"
            )[2]
            for body in bodies
            if _is_complete(body)
        }

    async def unproven(self, base: str) -> list[str]:
        """Images whose layers in the registry are not those of their parent and one more.

        The registry is asked itself, so that nothing is believed that the operator says.
        """
        name = self.population.shape.base.name
        layers = {name: await self._layers(name, base)}
        bad = []
        for vertex in self.population.shape.built:
            layers[vertex.name] = await self._layers(vertex.name, "latest")
            if layers[vertex.name][:-1] != layers[vertex.parents[0]]:
                bad.append(vertex.name)
        return bad

    async def _layers(self, name: str, tag: str) -> list[str]:
        url = f"{self.cluster.registry_url}/v2/{self.namespace}/{name}/manifests/{tag}"
        headers = {"Accept": "application/vnd.oci.image.manifest.v1+json"}
        async with self.registry.get(url, headers=headers) as answer:
            answer.raise_for_status()
            manifest = await answer.json(content_type=None)
        return [layer["digest"] for layer in manifest["layers"]]


@contextmanager
def pushing(scene: Scene) -> Iterator[Pushes]:
    """A process that pushes for every Job of a namespace; ends with the block."""
    cluster = scene.cluster
    parents = {vertex.name: vertex.parents[0] for vertex in scene.population.shape.built}
    module = [sys.executable, "-m", "bench.cascade.pushing"]
    command = [*module, str(cluster.kubeconfig), scene.namespace, cluster.registry_url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        json.dump(parents, process.stdin)
        process.stdin.close()
        pushes = Pushes(process)
        reader = threading.Thread(target=_read, args=(process.stdout, pushes), daemon=True)
        reader.start()
        try:
            yield pushes
        finally:
            process.terminate()
            reader.join()


def _read(lines: Iterator[str], pushes: Pushes) -> None:
    for line in lines:
        pushes.names.append(line.strip())


def _is_complete(body: Mapping[str, Any]) -> bool:
    status = body.get("status") or {}
    wanted = body["spec"]["replicas"]
    return bool(
        status.get("observedGeneration") == body["metadata"]["generation"]
        and status.get("updatedReplicas") == status.get("readyReplicas") == status.get("replicas") == wanted
    )
