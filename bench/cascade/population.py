"""What users have: git repositories with Dockerfiles, a Warehouse for the base, images, applications."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from bench.cascade.shape import Shape, Vertex
from dev.gitserver import GitServer

__all__ = ["BASE_TAG", "BASE_WAREHOUSE", "Population"]

BASE_TAG: Final = "stable"
BASE_WAREHOUSE: Final = "base"

_VERSION: Final = "slipway.dev/v1alpha1"
_INTERVAL: Final = "8760h"
"""A year, so that nothing is looked at but what is asked for."""

_IN_ONE_REPOSITORY: Final = 20
"""Images whose Dockerfiles lie side by side in one git repository, and are built from its root."""


@dataclass(frozen=True, slots=True)
class Population:
    """The objects of one shape in one namespace."""

    shape: Shape
    namespace: str
    """Of the objects, and the folder of the registry and of the git host."""

    registry_host: str
    git_url: str

    def repository(self, name: str) -> str:
        """Where an image is, without a tag."""
        return f"{self.registry_host}/{self.namespace}/{name}"

    def reference(self, name: str) -> str:
        """What those name who stand on an image."""
        return f"{self.repository(name)}:{BASE_TAG if name == self.shape.base.name else 'latest'}"

    def commit_sources(self, server: GitServer) -> None:
        """Fill the git server."""
        files: dict[str, dict[str, str]] = {}
        for number, vertex in enumerate(self.shape.built):
            files.setdefault(self._source(number), {})[f"{vertex.name}.Dockerfile"] = self._dockerfile(vertex)
        for repository, content in files.items():
            server.repository(repository).commit(content, "Begin")

    def warehouse(self) -> dict[str, Any]:
        """Follows the base."""
        image = {
            "repository": self.repository(self.shape.base.name),
            "policy": {"type": "Digest", "digest": {"tag": BASE_TAG}},
        }
        subscriptions = [{"name": "image", "type": "Image", "image": image}]
        return _object("Warehouse", BASE_WAREHOUSE, {"interval": _INTERVAL, "subscriptions": subscriptions})

    def images(self) -> Iterator[dict[str, Any]]:
        """One for each image that is built."""
        for number, vertex in enumerate(self.shape.built):
            git = {"url": f"{self.git_url}/{self._source(number)}"}
            yield _object(
                "ManagedImage",
                vertex.name,
                {
                    "image": {
                        "repository": self.repository(vertex.name),
                        "tag": "1-{build}",
                        "floatingTags": ["latest"],
                    },
                    "source": {"git": git, "dockerfile": f"{vertex.name}.Dockerfile"},
                    "build": {"type": "Job"},
                },
            )

    def applications(self) -> Iterator[dict[str, Any]]:
        """One for each image of the last level."""
        for vertex in self.shape.leaves:
            image = {"type": "ManagedImage", "managedImage": {"name": vertex.name}}
            yield _object("Deployment", vertex.name, {"image": image, "replicas": 1})

    def _source(self, number: int) -> str:
        return f"{self.namespace}-{number // _IN_ONE_REPOSITORY:02}.git"

    def _dockerfile(self, vertex: Vertex) -> str:
        first, *others = vertex.parents
        copied = (f"COPY --from={self.reference(other)} /srv /srv/{other}\n" for other in others)
        return f"FROM {self.reference(first)}\n{''.join(copied)}COPY . /srv\n"


def _object(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": _VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
