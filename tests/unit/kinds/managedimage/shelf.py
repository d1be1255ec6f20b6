"""A registry with bases, and an image that tells of them by labels and provenance."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from dev.image_composer import MadeImage, Settings, add, compose, copy
from slipway.api.managedimage import ManagedImage
from slipway.build.rebase.documents import BASE_DIGEST, BASE_NAME
from slipway.oci.manifest import OCI_INDEX, OCI_MANIFEST
from tests.support.provenance import image_material, slsa_v02
from tests.support.scripted_registry import Answer, ScriptedRegistry
from tests.unit.kinds.managedimage.world import body

__all__ = ["BOTH", "DEBIAN", "Shelf", "image_of"]

DEBIAN = compose(None, [add({"/debian": "1"})])
PYTHON = compose(DEBIAN, [add({"/python": "1"})])
GO = compose(DEBIAN, [add({"/go": "1"})])
BOTH = ["linux/amd64", "linux/arm64"]
NOTHING = Answer(404, {"Content-Type": "application/json"}, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}')


class Shelf:
    """A registry with bases, and the image that tells of them."""

    def __init__(self) -> None:
        self.failure: Answer | None = None
        self.images: dict[str, MadeImage] = {"base/debian": DEBIAN, "base/python": PYTHON, "base/go": GO}
        self.server = ScriptedRegistry(self.answer)

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Self]:
        """Serves until the end of the block."""
        shelf = cls()
        with shelf.server:
            yield shelf

    def named(self, repository: str) -> str:
        """A reference to what the repository holds."""
        return f"{self.server.host}/{repository}:1"

    def answer(self, _method: str, path: str) -> Answer:
        repository, kind, name = path.removeprefix("/v2/").partition("?")[0].rsplit("/", 2)
        image = self.images.get(repository)
        if self.failure is not None or image is None:
            return self.failure or NOTHING
        if kind == "blobs":
            return Answer(body=next(blob.content for blob in image.blobs if blob.digest == name))
        known = {image.digest: image.top, **{child.digest: child for child in image.children}}
        found = image.top if ":" not in name else known.get(name)
        if kind != "manifests" or found is None:
            return NOTHING
        headers = {"Content-Type": OCI_INDEX if b'"manifests"' in found.content else OCI_MANIFEST}
        headers |= {"Docker-Content-Digest": found.digest, "Content-Length": str(len(found.content))}
        return Answer(200, headers, found.content)

    def push(
        self, *loaded: str, labelled: str | None = None, platforms: list[str] | None = None
    ) -> MadeImage:
        """The pipeline pushes its image, on python; with provenance that names what was loaded."""
        materials = [
            image_material(f"pkg:docker/{self.server.host}/{name}@1", self.images[name].digest)
            for name in loaded
        ]
        labels = (
            {BASE_NAME: self.named(labelled), BASE_DIGEST: self.images[labelled].digest} if labelled else {}
        )
        platforms = platforms or ["linux/amd64"]
        image = compose(
            compose(compose(None, [add({"/debian": "1"})], platforms=platforms), [add({"/python": "1"})]),
            [copy({"/app": "1"})],
            Settings(labels=labels),
            attested=bool(loaded),
            statement=lambda part: slsa_v02(part, materials),
        )
        self.images["shop/api"] = image
        return image


def image_of(shelf: Shelf, status: dict[str, Any] | None = None, **spec: Any) -> ManagedImage:
    """A ManagedImage that names no base."""
    image = {"repository": f"{shelf.server.host}/shop/api", "tag": "1.4.0-{build}"}
    return ManagedImage.model_validate(body(status, **{"image": image, "bases": [], **spec}))
