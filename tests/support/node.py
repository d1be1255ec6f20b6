"""What end-to-end tests see and do on a real node; `tests/e2e/conftest.py` makes fixtures of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from dev.api import resource_path
from dev.cluster import Cluster
from dev.gitrepository import GitRepository
from dev.gitserver import GitServer
from dev.gitssh import GitSshServer
from dev.images import ImageMaker, MadeImage
from dev.node.images import BUILDAH, BUILDKIT, BUSYBOX, CLONE
from slipway.build.builders.job.manifest import BUILD, job_manifest
from slipway.build.builders.job.manifest import CLONE as CLONE_CONTAINER
from slipway.build.builders.job.registries import JobRegistry
from slipway.build.builders.job.settings import JobSettings
from slipway.build.builders.order import BuildOrder, GitSource
from slipway.oci import RegistryClient
from slipway.oci.manifest import ImageIndex

__all__ = ["Backend", "BuildEnd", "BuildJobs", "NodeGit", "NodeImages", "NodeSsh"]


@dataclass(frozen=True, slots=True)
class NodeGit:
    """A git server that host, node and pods reach under one address."""

    server: GitServer
    url: str

    def repository(self, name: str) -> tuple[GitRepository, str]:
        """A new repository and its URL."""
        return self.server.repository(name), f"{self.url}/{name}"


@dataclass(frozen=True, slots=True)
class NodeSsh:
    """A git server over ssh that host, node and pods reach under one address."""

    server: GitSshServer
    host: str
    """With its port."""

    def repository(self, name: str) -> tuple[GitRepository, str]:
        """A new repository and its URL."""
        return self.server.repository(name), f"ssh://git@{self.host}/{name}"

    def key(self) -> dict[str, bytes]:
        """What a Secret of type kubernetes.io/ssh-auth has to hold."""
        hosts = self.server.host_line(self.host.partition(":")[0])
        return {"ssh-privatekey": self.server.identity, "known_hosts": hosts}


@dataclass(frozen=True, slots=True)
class NodeImages:
    """Runnable images in the registry of the node."""

    cluster: Cluster

    def push_base(self, repository: str, tag: str, release: str) -> MadeImage:
        """Push busybox with this release in `/etc/base-release`."""
        return asyncio.run(self._push(repository, tag, {"/etc/base-release": release}, {}))

    def push_server(self, repository: str, tag: str, release: str) -> MadeImage:
        """Push an image that serves this text at port 8080 under `/release`, as a user that is not root."""
        config = {"User": "65534:65534", "Cmd": ["httpd", "-f", "-p", "8080", "-h", "/www"]}
        return asyncio.run(self._push(repository, tag, {"/www/release": release}, config))

    async def _push(
        self, repository: str, tag: str, files: Mapping[str, str], config: Mapping[str, Any]
    ) -> MadeImage:
        async with RegistryClient(self.cluster.registry_url) as client:
            maker = ImageMaker(client)
            busybox = await maker.pull(*BUSYBOX.split(":"))
            return await maker.push_app(repository, tag, base=busybox, files=files, config=config)

    def push_files(self, repository: str, tag: str, platforms: Sequence[str]) -> MadeImage:
        """Push an image of several platforms in which nothing can run."""
        return asyncio.run(self._push_files(repository, tag, platforms))

    async def _push_files(self, repository: str, tag: str, platforms: Sequence[str]) -> MadeImage:
        files = {"/etc/base-release": "{platform}"}
        async with RegistryClient(self.cluster.registry_url) as client:
            return await ImageMaker(client).push_base(repository, tag, files=files, platforms=platforms)

    def lowest_layers(self, repository: str, reference: str) -> tuple[str, ...]:
        """The diff ID of the lowest layer of each platform of an index."""
        return asyncio.run(self._lowest_layers(repository, reference))

    async def _lowest_layers(self, repository: str, reference: str) -> tuple[str, ...]:
        async with RegistryClient(self.cluster.registry_url) as client:
            index = await client.get_manifest(repository, reference)
            assert isinstance(index.content, ImageIndex)
            maker = ImageMaker(client)
            children = [entry for entry in index.content.manifests if not entry.is_attestation]
            made = [await maker.pull(repository, child.digest) for child in children]
        return tuple(one.platforms[0].diff_ids[0] for one in made)

    def pull(self, repository: str, reference: str) -> MadeImage:
        """Read an image of one platform back, by tag or digest."""
        return asyncio.run(self._pull(repository, reference))

    async def _pull(self, repository: str, reference: str) -> MadeImage:
        async with RegistryClient(self.cluster.registry_url) as client:
            return await ImageMaker(client).pull(repository, reference)


@dataclass(frozen=True, slots=True)
class Backend:
    """One way to build on the cluster."""

    name: str
    level: str
    """The Pod Security level of namespaces that it builds in."""
    settings: JobSettings

    @classmethod
    def buildah(cls, registry: str) -> Backend:
        """Builds in the Job."""
        settings = JobSettings(
            f"{registry}/{CLONE}",
            f"{registry}/{BUILDAH}",
            registries=(JobRegistry(registry, insecure=True),),
        )
        return cls("buildah", "baseline", settings)

    @classmethod
    def buildkit(cls, registry: str, address: str) -> Backend:
        """Builds on a daemon."""
        settings = JobSettings(
            f"{registry}/{CLONE}",
            f"{registry}/{BUILDKIT}",
            buildkit_address=address,
            registries=(JobRegistry(registry, insecure=True),),
        )
        return cls("buildkit", "restricted", settings)

    def environment(self) -> dict[str, str]:
        """The settings of an operator that builds this way."""
        return {
            "SLIPWAY_GIT_IMAGE": self.settings.git_image,
            "SLIPWAY_BUILDER_IMAGE": self.settings.builder_image,
            "SLIPWAY_BUILDKIT_ADDRESS": self.settings.buildkit_address or "",
        }


@dataclass(frozen=True, slots=True)
class BuildEnd:
    """How a build Job ended."""

    job: str
    """Its name."""
    succeeded: bool
    container: str
    """The container that decided."""
    exit_code: int
    message: str
    """Its termination message."""
    seconds: float
    """From the creation of the Job until it was seen to have ended."""


@dataclass(frozen=True, slots=True)
class BuildJobs:
    """Runs build Jobs with one backend in one namespace."""

    cluster: Cluster
    backend: Backend
    namespace: str

    def order(self, source: GitSource, reference: str, **changes: Any) -> BuildOrder:
        """An order for this source."""
        fields: dict[str, Any] = {
            "image_name": "api",
            "namespace": self.namespace,
            "uid": "0a1b",
            "key": "0123456789abcdef0123456789abcdef",
            "number": 1,
            "bases": {},
            "timeout": timedelta(minutes=5),
            "requested_at": datetime(2026, 11, 21, 9, tzinfo=UTC),
        }
        return BuildOrder(**{**fields, "source": source, "reference": reference, **changes})

    def with_settings(self, **changes: Any) -> BuildJobs:
        """The same with other settings of its Jobs."""
        return replace(
            self, backend=replace(self.backend, settings=replace(self.backend.settings, **changes))
        )

    def start(self, order: BuildOrder) -> str:
        """Create the Job and give its name."""
        manifest = job_manifest(order, self.backend.settings)
        self.cluster.api.create(self.path(), manifest)
        name: str = manifest["metadata"]["name"]
        return name

    def run(self, order: BuildOrder, timeout: float = 300.0) -> BuildEnd:
        """Create the Job and wait for its end."""
        begun = time.monotonic()
        name = self.start(order)
        job = self.await_end(name, timeout)
        seconds = time.monotonic() - begun
        container, state = self._deciding(self.pods(name)[0])
        succeeded = bool(job["status"].get("succeeded"))
        return BuildEnd(name, succeeded, container, state["exitCode"], state.get("message", ""), seconds)

    def await_end(self, name: str, timeout: float = 300.0) -> dict[str, Any]:
        """Wait until a Job is complete or has failed, and give it."""
        job = self.cluster.api.wait_for(self.path(name), _has_ended, timeout=timeout)
        assert job is not None
        return job

    def pods(self, name: str) -> list[dict[str, Any]]:
        """The pods of a Job."""
        path = resource_path("v1", "pods", self.namespace)
        items: list[dict[str, Any]] = self.cluster.api.get(path, labelSelector=f"job-name={name}")["items"]
        return items

    def await_pods(
        self, name: str, condition: Callable[[list[dict[str, Any]]], bool], timeout: float
    ) -> None:
        """Wait until the pods of a Job are so.

        Raises:
            TimeoutError: they were not in time.
        """
        deadline = time.monotonic() + timeout
        while not condition(pods := self.pods(name)):
            if time.monotonic() > deadline:
                msg = f"the pods of {name} are {[pod['status'] for pod in pods]}"
                raise TimeoutError(msg)
            time.sleep(0.05)

    def path(self, name: str | None = None) -> str:
        """Of a Job in the API."""
        return resource_path("batch/v1", "jobs", self.namespace, name)

    def _deciding(self, pod: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        """The container that failed, else the one that builds; and how it ended."""
        status = pod["status"]
        for name, statuses in ((CLONE_CONTAINER, "initContainerStatuses"), (BUILD, "containerStatuses")):
            ended = status[statuses][0]["state"].get("terminated")
            if ended is not None and (ended["exitCode"] != 0 or name == BUILD):
                return name, ended
        msg = f"nothing has ended in {status}"
        raise AssertionError(msg)


def _has_ended(job: Mapping[str, Any] | None) -> bool:
    conditions = (job or {}).get("status", {}).get("conditions", [])
    return any(one["type"] in {"Complete", "Failed"} and one["status"] == "True" for one in conditions)
