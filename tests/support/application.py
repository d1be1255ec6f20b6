"""An application as its team has it: a repository, a base, an image kept on both, and pods that serve it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from dev.api import ApiError, resource_path
from dev.cluster import Cluster
from dev.gitrepository import GitRepository
from dev.images import ImageMaker, MadeImage
from dev.node.images import BUSYBOX
from dev.registry import Registry
from slipway.oci import RegistryClient
from slipway.oci.errors import NotFound
from tests.support.node import NodeGit
from tests.support.objects import Body, Objects, condition

__all__ = ["DOCKERFILE", "Application", "NodeRegistry", "built", "failed"]

DOCKERFILE = """\
FROM {base}:stable
COPY message /www/message
RUN cp /etc/base-release /www/base
USER 65534:65534
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
"""
"""Serves a file of the commit, and one that a RUN copied from the base, as a user that is not root."""

Check = Callable[[Body | None], bool]

PATIENCE = 180.0
"""Seconds; what takes ten on an idle machine takes a minute where others compute beside it."""


@dataclass(frozen=True, slots=True)
class NodeRegistry:
    """A registry that host, node and pods reach under one address."""

    host: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    process: Registry | None = None
    """To end it and start it again; that of the cluster stays."""
    authority: Path | None = None
    """Whom its certificate is signed by, where it has TLS."""

    @property
    def url(self) -> str:
        """Where the operator finds it."""
        return f"{'https' if self.authority else 'http'}://{self.host}"

    def push_base(self, repository: str, release: str, busybox_from: str) -> MadeImage:
        """Push busybox, with this release in `/etc/base-release`, under the tag `stable`."""
        return asyncio.run(self._push_base(repository, release, busybox_from))

    async def _push_base(self, repository: str, release: str, busybox_from: str) -> MadeImage:
        async with RegistryClient(busybox_from) as source:
            busybox = await ImageMaker(source).pull(*BUSYBOX.split(":"))
        async with self._client() as target:
            files = {"/etc/base-release": release}
            return await ImageMaker(target).push_app(repository, "stable", base=busybox, files=files)

    def tags(self, repository: str) -> set[str]:
        """The tags of a repository; none where it does not exist."""
        return asyncio.run(self._tags(repository))

    async def _tags(self, repository: str) -> set[str]:
        async with self._client() as client:
            try:
                return set((await client.list_tags(repository)).sorted().names)
            except NotFound:
                return set()

    def _client(self) -> RegistryClient:
        trusted = self.authority or True
        return RegistryClient(self.url, username=self.user, password=self.password, verify_ssl=trusted)


@dataclass(frozen=True, slots=True)
class Application:
    """What one team has in one namespace; its images are called by the names of its repositories."""

    cluster: Cluster
    git: NodeGit
    registry: NodeRegistry
    namespace: str

    @property
    def objects(self) -> Objects:
        """Of the namespace."""
        return Objects(self.cluster.api, self.namespace)

    @property
    def base(self) -> str:
        """The repository of the base."""
        return f"{self.registry.host}/{self.namespace}/base"

    @property
    def gate(self) -> str:
        """A URL that a RUN can wait for; it answers from `open_gate` on."""
        return f"{self.git.url}/{self.namespace}-gate"

    def open_gate(self) -> None:
        """Let those that wait at the gate go on."""
        self.git.server.bodies[f"/{self.namespace}-gate"] = ({}, b"open")

    def push_base(self, release: str) -> MadeImage:
        """Push the base, with this text in a file of it."""
        return self.registry.push_base(f"{self.namespace}/base", release, self.cluster.registry_url)

    def prepare(self, release: str = "1") -> None:
        """Push a base, and make the Registry and the Warehouse that watches the base."""
        self.push_base(release)
        self.make_registry("node", self.registry)
        self.objects.warehouse("base", self.base, {"type": "Digest", "digest": {"tag": "stable"}})

    def make_registry(self, name: str, registry: NodeRegistry) -> None:
        """Make a Registry with the Secrets that open it."""
        opened: dict[str, Any] = {}
        if registry.user is not None and registry.password is not None:
            data = {"username": registry.user, "password": registry.password}
            self.objects.secret(f"{name}-robot", data, kind="kubernetes.io/basic-auth", hosts=registry.host)
            opened["secretRef"] = {"name": f"{name}-robot"}
        if registry.authority is not None:
            self.objects.secret(f"{name}-authority", {"ca.crt": registry.authority.read_bytes()})
            opened["certSecretRef"] = {"name": f"{name}-authority"}
        self.objects.registry(name, registry.url, **opened)

    def repository(self, name: str = "api", dockerfile: str = DOCKERFILE, **files: str) -> GitRepository:
        """The repository of an image, with a first commit."""
        made, _ = self.git.repository(f"{self.namespace}-{name}")
        made.commit({"Dockerfile": dockerfile.format(base=self.base, gate=self.gate), **files})
        return made

    def manage(self, name: str = "api", build: Mapping[str, Any] | None = None, **spec: Any) -> None:
        """Make the ManagedImage of a repository."""
        body = {
            "apiVersion": "slipway.dev/v1alpha1",
            "kind": "ManagedImage",
            "metadata": {"name": name},
            "spec": {
                "image": {
                    "repository": f"{self.registry.host}/{self.namespace}/{name}",
                    "tag": "1-{build}",
                    "floatingTags": ["latest"],
                },
                "source": {"git": {"url": f"{self.git.url}/{self.namespace}-{name}"}},
                "build": {"type": "Job", **(build or {})},
                **spec,
            },
        }
        self.objects.api.create(self.objects.path("managedimages"), body)

    def deploy(self, name: str = "api", replicas: int = 2) -> None:
        """Make the Deployment that runs the newest image."""
        body = {
            "apiVersion": "slipway.dev/v1alpha1",
            "kind": "Deployment",
            "metadata": {"name": name},
            "spec": {
                "image": {"type": "ManagedImage", "managedImage": {"name": name}},
                "replicas": replicas,
                "ports": [{"name": "http", "containerPort": 8080, "servicePort": 80}],
            },
        }
        self.objects.api.create(self.objects.path("deployments"), body)

    def tell_of_push(self) -> None:
        """Have the operator look at the repositories now, as a webhook would."""
        for warehouse in self.objects.api.get(self.objects.path("warehouses"))["items"]:
            if any(one["type"] == "Git" for one in warehouse["spec"]["subscriptions"]):
                self.objects.ask("warehouses", warehouse["metadata"]["name"])

    def wait_image(self, check: Check, name: str = "api", timeout: float = PATIENCE) -> Body:
        """Wait until the ManagedImage is so; its status."""
        return self._wait("managedimages", name, check, timeout)

    def wait_rollout(self, digest: str, name: str = "api") -> Body:
        """Wait until the Deployment is Healthy with this digest; its status."""

        def runs(body: Body | None) -> bool:
            status = (body or {}).get("status") or {}
            is_healthy = condition(body, "Ready").get("reason") == "Healthy"
            return is_healthy and status.get("image", {}).get("digest") == digest

        return self._wait("deployments", name, runs, PATIENCE)

    def _wait(self, plural: str, name: str, check: Check, timeout: float) -> Body:
        try:
            found = self.objects.wait(plural, name, check, timeout=timeout)
        except TimeoutError as error:
            error.add_note(f"pods: {[(pod['metadata']['name'], pod['status']) for pod in self.pods()]}")
            warehouses = self.objects.api.get(self.objects.path("warehouses"))["items"]
            error.add_note(f"warehouses: {[condition(one, 'Ready') for one in warehouses]}")
            raise
        status: Body = found["status"]
        return status

    def served(self, file: str, name: str = "api") -> set[str]:
        """What the pods of the Deployment answer, as seen from the API server."""
        selector = self.objects.api.get(self.objects.path("deployments", name))["status"]["selector"]
        pods = [pod for pod in self.pods(selector) if "deletionTimestamp" not in pod["metadata"]]
        assert pods
        return {self._ask(pod["metadata"]["name"], file) for pod in pods}

    def _ask(self, pod: str, file: str) -> str:
        path = f"{resource_path('v1', 'pods', self.namespace, f'{pod}:8080')}/proxy/{file}"
        return self.cluster.kubectl("get", "--raw", path).strip()

    def secrets(self) -> set[str]:
        """The names of the Secrets."""
        path = resource_path("v1", "secrets", self.namespace)
        return {one["metadata"]["name"] for one in self.objects.api.get(path)["items"]}

    def jobs(self) -> list[Body]:
        """The build Jobs."""
        path = resource_path("batch/v1", "jobs", self.namespace)
        found: list[Body] = self.objects.api.get(path)["items"]
        return found

    def pods(self, selector: str = "") -> list[Body]:
        """Pods by their labels, or all of them."""
        path = resource_path("v1", "pods", self.namespace)
        found: list[Body] = self.objects.api.get(path, labelSelector=selector)["items"]
        return found

    def job_seconds(self, number: int, name: str = "api") -> float:
        """How long the Job of a build took by the API server's clock, in whole seconds."""
        prefix = f"{name}-{number}-"
        (status,) = [job["status"] for job in self.jobs() if job["metadata"]["name"].startswith(prefix)]
        begun, ended = (datetime.fromisoformat(status[key]) for key in ("startTime", "completionTime"))
        return (ended - begun).total_seconds()

    def tags(self, name: str = "api") -> set[str]:
        """The tags of an image in the registry."""
        return self.registry.tags(f"{self.namespace}/{name}")

    def await_build_running(self, timeout: float = PATIENCE) -> None:
        """Wait until the build container of a Job runs.

        Raises:
            TimeoutError: it did not in time.
        """
        self._until(lambda: any(map(_builds, self.pods("slipway.dev/managed-image"))), timeout)

    def await_nothing_left(self, timeout: float = PATIENCE) -> None:
        """Wait until there is no Job, and no pod of one.

        Raises:
            TimeoutError: something stays.
        """
        self._until(lambda: not self.jobs() and not self.pods("slipway.dev/managed-image"), timeout)

    def _until(self, is_so: Callable[[], bool], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not is_so():
            if time.monotonic() > deadline:
                names = [one["metadata"]["name"] for one in (*self.jobs(), *self.pods())]
                msg = f"in {self.namespace} there are still {names}"
                raise TimeoutError(msg)
            time.sleep(0.05)

    def delete(self) -> None:
        """Delete what makes pods, so that nothing runs beside the next test."""
        for plural in ("deployments", "managedimages"):
            for item in self.objects.api.get(self.objects.path(plural))["items"]:
                try:
                    self.objects.api.delete(self.objects.path(plural, item["metadata"]["name"]))
                except ApiError as error:
                    if error.status != 404:
                        raise


def built(number: int) -> Check:
    """Whether the image is current with this build."""

    def check(body: Body | None) -> bool:
        status = (body or {}).get("status") or {}
        return bool(status.get("phase") == "Current" and status["image"].get("build") == number)

    return check


def failed(reason: str) -> Check:
    """Whether the image is Stalled for this reason."""

    def check(body: Body | None) -> bool:
        stalled = condition(body, "Stalled")
        return (stalled.get("status"), stalled.get("reason")) == ("True", reason)

    return check


def _builds(pod: Body) -> bool:
    statuses = pod["status"].get("containerStatuses") or ()
    return any("running" in one["state"] for one in statuses)
