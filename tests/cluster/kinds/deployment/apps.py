"""Deployments (deployments.slipway.dev) of one namespace and what they bring about, as a person sees it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dev.api import KubeApi, resource_path
from dev.registry import Registry
from slipway.clock import format_time
from tests.support.images import push_image
from tests.support.objects import Body, Objects, condition, ready_as

__all__ = ["Apps", "healthy"]

GROUP_VERSION = "slipway.dev/v1alpha1"


def healthy(revision: int, digest: str | None = None) -> Callable[[Body | None], bool]:
    """Whether a Deployment is Ready with this revision, and digest."""

    def check(body: Body | None) -> bool:
        status = (body or {}).get("status") or {}
        return (
            condition(body, "Ready").get("status") == "True"
            and body is not None
            and status.get("observedGeneration") == body["metadata"]["generation"]
            and status.get("revision") == {"current": revision, "stable": revision}
            and digest in {None, status["image"]["digest"]}
        )

    return check


@dataclass(frozen=True)
class Apps:
    """The Deployments of one namespace, with images in one registry."""

    objects: Objects
    registry: Registry

    @property
    def api(self) -> KubeApi:
        """The API server."""
        return self.objects.api

    @property
    def namespace(self) -> str:
        """The namespace."""
        return self.objects.namespace

    # --- what a person does

    def push(self, tag: str, repository: str = "shop/api", *, label: str | None = None) -> str:
        """Push an image of its own content, and return its digest."""
        return push_image(self.registry.url, repository, tag, label=label or f"{repository}:{tag}")

    def reference(self, tag: str, repository: str = "shop/api") -> Body:
        """An image source of type Reference."""
        return {"type": "Reference", "reference": f"{self.registry.host}/{repository}:{tag}"}

    def create(self, image: Body, name: str = "api", **spec: Any) -> Body:
        """Make a Deployment."""
        body = {
            "apiVersion": GROUP_VERSION,
            "kind": "Deployment",
            "metadata": {"name": name},
            "spec": {"image": image, **spec},
        }
        return self.api.create(self.objects.path("deployments"), body)

    def change(self, name: str = "api", **spec: Any) -> Body:
        """Edit the spec by a merge patch; None removes a field."""
        return self.objects.patch("deployments", name, {"spec": spec})

    def ask(self, name: str = "api") -> str:
        """Ask for a reconcile, and return the time of the request.

        It is a little ahead: within the second of the object's creation a request is not new.
        """
        moment = format_time(datetime.now(UTC) + timedelta(seconds=5))
        metadata = {"annotations": {"slipway.dev/reconcile": moment}}
        self.objects.patch("deployments", name, {"metadata": metadata})
        return moment

    def run(self, tag: str = "1", **spec: Any) -> tuple[Body, str]:
        """Push an image, make a Deployment of it and wait until it is healthy; the object and the digest."""
        digest = self.push(tag)
        self.create(self.reference(tag), **spec)
        return self.wait(healthy(1, digest)), digest

    # --- what comes of it

    def wait(self, check: Callable[[Body | None], bool], name: str = "api") -> Body:
        """Wait until the Deployment is as wanted."""
        return self.objects.wait("deployments", name, check)

    def wait_ready(self, status: str, reason: str, name: str = "api") -> Body:
        """Wait for the Ready condition of the current generation."""
        return self.wait(ready_as(status, reason), name)

    def child(self, kind: str, name: str = "api") -> Body | None:
        """A child: `deployments`, `services` or `controllerrevisions`."""
        return self.api.find(self.child_path(kind, name))

    def child_path(self, kind: str, name: str = "api") -> str:
        """Where the API server keeps it."""
        return resource_path("v1" if kind == "services" else "apps/v1", kind, self.namespace, name)

    def image(self, name: str = "api") -> str:
        """The image that the workload is set to."""
        workload = self.child("deployments", name)
        assert workload is not None
        return str(workload["spec"]["template"]["spec"]["containers"][0]["image"])

    def revisions(self) -> dict[int, Body]:
        """The ControllerRevisions by number."""
        path = resource_path("apps/v1", "controllerrevisions", self.namespace)
        return {item["revision"]: item for item in self.api.get(path)["items"]}

    def pods(self) -> list[Body]:
        """The pods that are not going."""
        listed = self.api.get(resource_path("v1", "pods", self.namespace))["items"]
        return [pod for pod in listed if "deletionTimestamp" not in pod["metadata"]]
