"""The story of an image that Jobs build from source: for a base, for a new spec, and because somebody asked.

Each step does one thing and checks it against the registry and the API server. One build is cancelled.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from dev.api import resource_path
from dev.bakery import Bakery
from dev.gitrepository import GitRepository
from dev.gitserver import GitServer
from dev.images import MadeImage
from dev.story.scene import Scene

__all__ = ["LAST_STEPS", "STEPS", "BuildStory", "telling"]

Json = dict[str, Any]
_GROUP = "slipway.dev/v1alpha1"


@dataclass
class BuildStory:
    """One telling of it. Call the steps in the order of `STEPS`, then those of `LAST_STEPS`."""

    scene: Scene
    source: GitRepository
    url: str
    """Of the source, as a build clones it."""
    bakery: Bakery
    bases: list[MadeImage] = field(default_factory=list)
    commit: str = ""
    """What is built."""

    # --- the steps

    def enrol(self) -> None:
        """Have an image built of a base and a commit."""
        self._push_base("1.0.0")
        base = f"{self._host}/{self.scene.base_repository}"
        dockerfile = f"FROM {base}:stable\nCOPY . /app\n"
        self.commit = self.source.commit({"Dockerfile": dockerfile}, "Begin")
        self._create("warehouses", _base_warehouse(base))
        self._create("managedimages", _image(f"{self._host}/{self.scene.app_repository}", self.url))
        self._await_built(1)

    def change_arguments(self) -> None:
        """Have it built with another argument."""
        arguments = [{"name": "MODE", "value": "fast"}]
        self.scene.patch("managedimages", "api", {"source": {"buildArgs": arguments}})
        self._await_built(2)

    def ask_for_rebuild(self) -> None:
        """Ask for a build of the same inputs: there is one more, and no second one."""
        self._ask("rebuild")
        self._await_built(3)

    def cancel(self) -> None:
        """Cancel the build for the next base: its Job goes, and the image stays as it is."""
        with self._without_pushes():
            self._push_base("1.0.1")
            job = self.scene.wait("a Job of build 4", lambda: self._job(4))
            self.scene.wait("it was taken down", lambda: self._has_seen(job))
            # A fake node would be done with it in a moment.
            path = self._jobs_path(job["metadata"]["name"])
            self.scene.cluster.api.patch(path, {"spec": {"suspend": True}})
            self._ask("cancel-build")
            self.scene.wait("build 4 is cancelled", lambda: self._build(4).get("phase") == "Cancelled")
            self.scene.wait("its Job is gone", lambda: self._job(4) is None)
        self.scene.expect("build of the image", self._image_status()["image"]["build"], 3)

    def deploy(self) -> None:
        """Run the image that was built last."""
        self._create("deployments", _deployment())
        self._await_running()

    def move_base(self) -> None:
        """Push a new base: the image is built on it and rolled out."""
        self._push_base("1.0.2")
        self._await_built(5)
        self.scene.expect("base of build 5", self._build(5)["bases"][0]["digest"], self.bases[-1].digest)
        self._await_running()

    def un_enrol(self) -> None:
        """Delete the ManagedImage: its record stays, its Jobs and its automatic Warehouse go."""
        path = self.scene.path("managedimages", "api")
        self.scene.cluster.api.delete(path)
        self.scene.wait("the ManagedImage is gone", lambda: self.scene.cluster.api.find(path) is None)
        self.scene.wait("its Jobs are gone", lambda: not self.jobs())
        self.scene.wait("its Warehouse is gone", lambda: self.source_warehouse() == "")

    # --- what others ask

    def jobs(self) -> list[Json]:
        """The Jobs that are there."""
        found: list[Json] = self.scene.cluster.api.get(self._jobs_path())["items"]
        return found

    def builds(self) -> list[Json]:
        """The builds in the status, newest first."""
        found: list[Json] = self._image_status().get("builds", [])
        return found

    def source_warehouse(self) -> str:
        """The name of the Warehouse that the image made for its source; empty when there is none."""
        listed = self.scene.cluster.api.get(self.scene.path("warehouses"))["items"]
        names = (item["metadata"]["name"] for item in listed)
        return next((name for name in names if name.startswith("auto-")), "")

    # --- what they wait for

    def _await_built(self, number: int) -> None:
        def is_built() -> bool:
            status = self._image_status()
            return status.get("phase") == "Current" and bool(status["image"]["build"] == number)

        self.scene.wait(f"build {number} is the image", is_built)
        for tag in (f"1-{number}", "latest"):
            found = self.scene.digest_of(self.scene.app_repository, tag)
            self.scene.expect(f"registry digest of {tag}", found, self._build(number)["digest"])

    def _await_running(self) -> None:
        digest = self._image_status()["image"]["digest"]

        def runs() -> bool:
            status = self.scene.read("deployments", "api").get("status", {})
            is_healthy = status.get("phase") == "Healthy" and status["image"]["digest"] == digest
            return is_healthy and self.scene.running_image() == self.scene.reference(digest)

        self.scene.wait(f"deployments/api runs {digest}", runs)

    @contextmanager
    def _without_pushes(self) -> Iterator[None]:
        self.bakery.pushes = lambda _: False
        yield
        self.bakery.pushes = lambda _: True

    def _push_base(self, version: str) -> None:
        self.bases.append(self.bakery.add(self.scene.images.push_base(version)))

    def _ask(self, verb: str) -> None:
        metadata = self.scene.read("managedimages", "api")["metadata"]
        # What is no later than the object, in whole seconds, would have come along in its manifest.
        earliest = datetime.fromisoformat(metadata["creationTimestamp"]) + timedelta(seconds=1)
        moment = max(datetime.now(UTC), earliest).isoformat(timespec="seconds").replace("+00:00", "Z")
        change = {"metadata": {"annotations": {f"slipway.dev/{verb}": moment}}}
        self.scene.cluster.api.patch(self.scene.path("managedimages", "api"), change)

    # --- what they read

    def _image_status(self) -> Json:
        status: Json = self.scene.read("managedimages", "api").get("status", {})
        return status

    def _build(self, number: int) -> Json:
        return next((build for build in self.builds() if build["number"] == number), {})

    def _job(self, number: int) -> Json | None:
        label = "slipway.dev/build-number"
        return next((job for job in self.jobs() if job["metadata"]["labels"][label] == str(number)), None)

    def _has_seen(self, job: Json) -> bool:
        """Whether the one who pushes knows of a Job: one that goes at once might never be counted."""
        return any(seen["metadata"]["uid"] == job["metadata"]["uid"] for seen in self.bakery.seen)

    def _jobs_path(self, name: str | None = None) -> str:
        return resource_path("batch/v1", "jobs", self.scene.namespace, name)

    def _create(self, plural: str, body: Json) -> None:
        self.scene.cluster.api.create(self.scene.path(plural), body)

    @property
    def _host(self) -> str:
        return self.scene.cluster.registry_host


STEPS = (
    BuildStory.enrol,
    BuildStory.change_arguments,
    BuildStory.ask_for_rebuild,
    BuildStory.cancel,
    BuildStory.deploy,
    BuildStory.move_base,
)
"""The story up to the point where all that it is about is there."""

LAST_STEPS = (BuildStory.un_enrol,)
"""And its end."""


@contextmanager
def telling(scene: Scene, server: GitServer) -> Iterator[BuildStory]:
    """A story with a source and somebody who pushes what its Jobs would, for the length of a with block."""
    source = server.repository(f"{scene.corner}.git")
    with Bakery(scene.cluster.api, scene.namespace, scene.cluster.registry_url) as bakery:
        yield BuildStory(scene, source, f"{server.url}/{source.path.name}", bakery)


def _base_warehouse(repository: str) -> Json:
    policy = {"type": "Digest", "digest": {"tag": "stable"}}
    subscription = {"name": "image", "type": "Image", "image": {"repository": repository, "policy": policy}}
    return _object("Warehouse", "base", {"interval": "1s", "subscriptions": [subscription]})


def _image(repository: str, url: str) -> Json:
    image = {"repository": repository, "tag": "1-{build}", "floatingTags": ["latest"]}
    spec = {"image": image, "source": {"git": {"url": url}}, "build": {"type": "Job"}}
    return _object("ManagedImage", "api", spec)


def _deployment() -> Json:
    wanted = {"type": "ManagedImage", "managedImage": {"name": "api"}}
    return _object("Deployment", "api", {"image": wanted})


def _object(kind: str, name: str, spec: Json) -> Json:
    return {"apiVersion": _GROUP, "kind": kind, "metadata": {"name": name}, "spec": spec}
