"""People who write ManagedImages, and every way in which they may do so."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from dev.api import KubeApi, resource_path
from dev.cache import PROJECT
from dev.cluster import Cluster

__all__ = ["REASON", "TIME", "WAYS", "Body", "Person", "Way", "asked", "manifest", "stamp"]

Body = dict[str, Any]
Annotations = Mapping[str, str | None]
"""What to write; None takes away."""

TIME: Final = "2026-11-21T09:00:00Z"
REASON: Final = "CVE-2026-1 in openssl, fix now"

_VERSION: Final = "slipway.dev/v1alpha1"
_EXAMPLE: Final = PROJECT / "examples" / "quickstart" / "managedimage.yaml"


def asked(verb: str = "rebuild") -> str:
    """The annotation that asks."""
    return f"slipway.dev/{verb}"


def stamp(verb: str = "rebuild") -> str:
    """The annotation that says who asked."""
    return f"requested-by.slipway.dev/{verb}"


def manifest(annotations: Annotations | None = None) -> Body:
    """The ManagedImage of the quick start, with these annotations."""
    body: Body = yaml.safe_load(_EXAMPLE.read_text(encoding="utf-8"))
    kept = {name: value for name, value in (annotations or {}).items() if value is not None}
    return {**body, "metadata": {"name": "api", **({"annotations": kept} if kept else {})}}


@dataclass(frozen=True)
class Person:
    """Somebody with a kubeconfig, in one namespace."""

    cluster: Cluster
    kubeconfig: Path
    api: KubeApi
    """With this person's rights."""
    namespace: str

    @property
    def images(self) -> str:
        """The path of all ManagedImages of the namespace."""
        return resource_path(_VERSION, "managedimages", self.namespace)

    @property
    def image(self) -> str:
        """The path of the one that tests write."""
        return f"{self.images}/api"

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl in the namespace."""
        located = ("--namespace", self.namespace, *arguments)
        return self.cluster.kubectl(*located, stdin=stdin, kubeconfig=self.kubeconfig)

    def make(self, annotations: Annotations | None = None) -> dict[str, str]:
        """Make the ManagedImage; the annotations that it got."""
        return annotations_of(self.api.create(self.images, manifest(annotations)))

    def merge(self, annotations: Annotations) -> dict[str, str]:
        """Change annotations by a merge patch; what is there afterwards."""
        return annotations_of(self.api.patch(self.image, {"metadata": {"annotations": dict(annotations)}}))

    def annotations(self) -> dict[str, str]:
        """What is there now."""
        return annotations_of(self.api.get(self.image))

    def wait_until_allowed(self, verb: str, resource: str, name: str = "") -> None:
        """A grant counts a moment after it was written.

        Raises:
            TimeoutError: it still does not after 10 s.
        """
        plural, _, group = resource.partition(".")
        attributes = {"namespace": self.namespace, "verb": verb, "group": group, "resource": plural}
        attributes["name"] = name
        deadline = time.monotonic() + 10
        reviews = resource_path("authorization.k8s.io/v1", "selfsubjectaccessreviews")
        while not self.api.create(reviews, _review(attributes))["status"]["allowed"]:
            if time.monotonic() > deadline:
                msg = f"{verb} on {resource} is not allowed 10 s after it was granted"
                raise TimeoutError(msg)
            time.sleep(0.02)


def annotations_of(body: Body) -> dict[str, str]:
    """Those of an object, without what kubectl keeps there for itself."""
    found: dict[str, str] = body["metadata"].get("annotations") or {}
    return {name: value for name, value in found.items() if not name.startswith("kubectl.kubernetes.io/")}


def _review(attributes: Body) -> Body:
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }


Way = Callable[[Person, Annotations], object]
"""Writes annotations of the ManagedImage, which exists, and leaves the others alone."""


def _merge(person: Person, annotations: Annotations) -> None:
    person.merge(annotations)


def _json_patch(person: Person, annotations: Annotations) -> None:
    there = annotations_of(person.api.get(person.image))
    operations: list[Body] = [] if there else [{"op": "add", "path": "/metadata/annotations", "value": {}}]
    for name, value in annotations.items():
        path = "/metadata/annotations/" + name.replace("/", "~1")
        operations.append({"op": "remove", "path": path} if value is None else _added(path, value))
    person.api.request("PATCH", person.image, body=operations, content_type="application/json-patch+json")


def _added(path: str, value: str) -> Body:
    return {"op": "add", "path": path, "value": value}


def _put(person: Person, annotations: Annotations) -> None:
    body = person.api.get(person.image)
    merged = {**body["metadata"].get("annotations", {}), **annotations}
    kept = {name: value for name, value in merged.items() if value is not None}
    person.api.replace(person.image, {**body, "metadata": {**body["metadata"], "annotations": kept}})


def _annotate(person: Person, annotations: Annotations) -> None:
    words = [f"{name}-" if value is None else f"{name}={value}" for name, value in annotations.items()]
    person.kubectl("annotate", "mimg", "api", "--overwrite", *words)


def _apply(person: Person, annotations: Annotations) -> None:
    person.kubectl("apply", "-f", "-", stdin=json.dumps(manifest(annotations)))


def _server_side_apply(person: Person, annotations: Annotations) -> None:
    person.kubectl(
        "apply", "--server-side", "--force-conflicts", "-f", "-", stdin=json.dumps(manifest(annotations))
    )


def _edit(person: Person, annotations: Annotations) -> None:
    """As `kubectl edit` and `kubectl replace` do it."""
    body = person.api.get(person.image)
    merged = {**body["metadata"].get("annotations", {}), **annotations}
    body["metadata"]["annotations"] = {name: value for name, value in merged.items() if value is not None}
    person.kubectl("replace", "-f", "-", stdin=json.dumps(body))


WAYS: Final[Mapping[str, Way]] = {
    "a merge patch": _merge,
    "a JSON patch": _json_patch,
    "a PUT": _put,
    "kubectl annotate": _annotate,
    "kubectl apply": _apply,
    "kubectl apply --server-side": _server_side_apply,
    "kubectl replace": _edit,
}
