"""The steps of the story: each does one thing and checks it against the registry and the API server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from dev.images import MadeImage
from dev.story.scene import Scene

__all__ = ["STEPS", "Moment", "Story"]

Json = dict[str, Any]

HOLD_SECONDS = 3.0
"""How long the story watches that a rollback holds: more than one interval of the quickstart's Warehouse."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened, for the timeline."""

    what: str
    at: float
    """Monotonic seconds."""
    digest: str
    detail: str = ""


@dataclass(slots=True)
class Story:
    """One telling of it. Call the steps in the order of `STEPS`."""

    scene: Scene
    moments: list[Moment] = field(default_factory=list)
    bases: list[MadeImage] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    """Digests of the application: the source build, then each build."""

    # --- the steps

    def push_images(self) -> None:
        """Push a base image and an application that stands on it."""
        base = self.scene.images.push_base("1.0.0")
        app = self.scene.images.push_app(base)
        self.bases.append(base)
        self.images.append(app.digest)

    def apply_quickstart(self) -> None:
        """Apply examples/quickstart and wait until everything is healthy."""
        self.scene.apply_quickstart()
        self._await_running(self.images[0], phase="Healthy")
        for plural, name in (("registries", "quickstart"), ("warehouses", "base"), ("managedimages", "api")):
            self.scene.wait(f"{plural}/{name} is Ready", partial(self._is_ready, plural, name))
        self.scene.expect("builds", self._image_status().get("builds", []), [])

    def move_base(self) -> None:
        """Push a new base; the image is rebuilt on it and rolled out."""
        digest = self._push_base("1.0.1")
        self._mark("pushed", digest, "a new base image")
        self._await_detected(digest)
        built = self._await_built(digest)
        self._await_running(built, phase="Healthy")
        self._mark("rolled out", built, f"{self._ready_replicas()} pods ready")

    def roll_back(self) -> None:
        """Roll back to the first revision: it runs again, and the digest it left is rejected."""
        left = self.images[-1]
        self.scene.patch("deployments", "api", {"rollbackTo": {"revision": 1, "reason": "checkout fails"}})
        self._await_running(self.images[0], phase="Paused")
        self._mark("rolled back", self.images[0], "revision 1")
        status = self._deployment_status()
        self.scene.expect("rejected digests", [item["digest"] for item in status.get("rejected", [])], [left])
        self.scene.expect("condition Held", self._condition("Held"), "True")

    def move_base_under_rollback(self) -> None:
        """Push another base: it is rebuilt, and the rollback holds all the same."""
        digest = self._push_base("1.0.2")
        self._mark("pushed", digest, "another base image")
        self._await_detected(digest)
        built = self._await_built(digest)
        self.scene.wait("the message names the digest that is wanted", lambda: self._names(built))
        with self._unchanged_workload():
            time.sleep(HOLD_SECONDS)
        self.scene.expect("running image", self.scene.running_image(), self.scene.reference(self.images[0]))
        self._mark("held", self.images[0], f"for {HOLD_SECONDS:g} s with a newer build on offer")

    def release(self) -> None:
        """Remove the rollback: the newest build that was not rejected goes out."""
        self.scene.patch("deployments", "api", {"rollbackTo": None})
        self._await_running(self.images[-1], phase="Healthy")
        self._mark("released", self.images[-1], "the newest build that was not rejected")
        self.scene.expect("condition Held", self._condition("Held"), None)
        tags = self.scene.tags_of(self.scene.app_repository)
        self.scene.expect("tags", tags, ("1.4.0", "1.4.0-1", "1.4.0-2", "latest"))

    # --- what they wait for

    def _push_base(self, version: str) -> str:
        self.bases.append(self.scene.images.push_base(version))
        return self.bases[-1].digest

    def _await_detected(self, base: str) -> None:
        def detected() -> bool:
            artifacts = self.scene.read("warehouses", "base").get("status", {}).get("artifacts", [])
            return any(artifact["image"]["digest"] == base for artifact in artifacts)

        self.scene.wait(f"the Warehouse sees base {base}", detected)
        self._mark("detected", base, "by the Warehouse")

    def _await_built(self, base: str) -> str:
        build = self.scene.wait(f"a build on base {base}", lambda: self._succeeded_build(base))
        tag = f"1.4.0-{build['number']}"
        digest: str = build["digest"]
        self.scene.expect(
            f"registry digest of {tag}", self.scene.digest_of(self.scene.app_repository, tag), digest
        )
        self._expect_on_new_base(digest)
        self.images.append(digest)
        self._mark("rebuilt", digest, f"build {build['number']}, tag {tag}")
        return digest

    def _expect_on_new_base(self, digest: str) -> None:
        found = self.scene.diff_ids_of(self.scene.app_repository, digest)
        below = self.scene.diff_ids_of(self.scene.base_repository, self.bases[-1].digest)
        own = self.scene.diff_ids_of(self.scene.app_repository, self.images[0])
        first = self.scene.diff_ids_of(self.scene.base_repository, self.bases[0].digest)
        self.scene.expect("layers of the rebuilt image", found, below + own[len(first) :])

    def _succeeded_build(self, base: str) -> Json | None:
        builds: list[Json] = self._image_status().get("builds", [])
        done = (build for build in builds if build["phase"] == "Succeeded")
        return next((build for build in done if build["bases"][0]["digest"] == base), None)

    def _await_running(self, digest: str, *, phase: str) -> None:
        def runs() -> bool:
            status = self._deployment_status()
            return (
                status.get("phase") == phase
                and status.get("image", {}).get("digest") == digest
                and status.get("readyReplicas") == 2
                and self.scene.running_image() == self.scene.reference(digest)
            )

        self.scene.wait(f"deployments/api runs {digest} and is {phase}", runs)

    @contextmanager
    def _unchanged_workload(self) -> Iterator[None]:
        before = self.scene.workload()["metadata"]["generation"]
        yield
        self.scene.expect(
            "generation of the workload", self.scene.workload()["metadata"]["generation"], before
        )

    def _names(self, digest: str) -> bool:
        return digest[:19] in self._deployment_status().get("message", "")

    # --- what they read

    def _image_status(self) -> Json:
        status: Json = self.scene.read("managedimages", "api").get("status", {})
        return status

    def _deployment_status(self) -> Json:
        status: Json = self.scene.read("deployments", "api").get("status", {})
        return status

    def _ready_replicas(self) -> int:
        return int(self._deployment_status().get("readyReplicas", 0))

    def _condition(self, wanted: str) -> str | None:
        conditions = self._deployment_status().get("conditions", [])
        return next((item["status"] for item in conditions if item["type"] == wanted), None)

    def _is_ready(self, plural: str, name: str) -> bool:
        found = self.scene.read(plural, name)
        status = found.get("status", {})
        ready = any(
            item["type"] == "Ready" and item["status"] == "True" for item in status.get("conditions", [])
        )
        return ready and status.get("observedGeneration") == found["metadata"]["generation"]

    def _mark(self, what: str, digest: str, detail: str) -> None:
        self.moments.append(Moment(what, time.monotonic(), digest, detail))


STEPS = (
    Story.push_images,
    Story.apply_quickstart,
    Story.move_base,
    Story.roll_back,
    Story.move_base_under_rollback,
    Story.release,
)
"""The story from beginning to end."""
