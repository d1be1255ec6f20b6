"""The documents of the result: configuration, manifest and index, in OCI types and in one canonical spelling.

The same content always has the same bytes and so the same digest: sorted keys, no spaces, UTF-8. See the
OCI image specification: manifest.md, image-index.md, annotations.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slipway.build.rebase.image import Json, Layer, PlatformImage

__all__ = [
    "BASE_DIGEST",
    "BASE_NAME",
    "REBASE_SOURCE",
    "Document",
    "Provenance",
    "config_document",
    "index_document",
    "manifest_document",
]

BASE_NAME = "org.opencontainers.image.base.name"
"""Annotation and label: reference of the base, as OCI names it."""
BASE_DIGEST = "org.opencontainers.image.base.digest"
"""Annotation and label: digest of the base, of its index where it has one."""
REBASE_SOURCE = "dev.slipway.rebase.source"
"""Annotation: digest of the source build that a rebase started from. Never a label: images built on the
result would inherit that."""

_CREATED = "org.opencontainers.image.created"
_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_INDEX_TYPE = "application/vnd.oci.image.index.v1+json"


@dataclass(frozen=True, slots=True)
class Document:
    """Bytes that are stored under their digest."""

    media_type: str
    content: bytes
    digest: str

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content)

    def descriptor(self) -> dict[str, Any]:
        """How another document points at this one."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the result says about where it comes from."""

    base_name: str
    base_digest: str
    source_digest: str

    @property
    def labels(self) -> dict[str, str]:
        """Labels that let the next look find the base."""
        return {BASE_NAME: self.base_name, BASE_DIGEST: self.base_digest}

    def annotate(self, annotations: Mapping[str, str], created: str) -> dict[str, str]:
        """The annotations of the source build, true for the result; `created` only where there was one."""
        renewed = {_CREATED: created} if created and _CREATED in annotations else {}
        return {**annotations, **self.labels, REBASE_SOURCE: self.source_digest, **renewed}


def config_document(config: Json) -> Document:
    """A configuration."""
    return _document(_CONFIG_TYPE, config)


def manifest_document(config: Document, layers: Sequence[Layer], annotations: Mapping[str, str]) -> Document:
    """The manifest of one platform."""
    content = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST_TYPE,
        "config": config.descriptor(),
        "layers": [_layer_descriptor(layer) for layer in layers],
        "annotations": dict(annotations),
    }
    return _document(_MANIFEST_TYPE, content)


def index_document(
    manifests: Sequence[tuple[PlatformImage, Document]], annotations: Mapping[str, str]
) -> Document:
    """The index of all platforms, in the order of the source build; each with the image it was made from."""
    content = {
        "schemaVersion": 2,
        "mediaType": _INDEX_TYPE,
        "manifests": [_entry(image, document) for image, document in manifests],
        "annotations": dict(annotations),
    }
    return _document(_INDEX_TYPE, content)


def _document(media_type: str, content: Json) -> Document:
    encoded = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return Document(media_type, encoded, f"sha256:{hashlib.sha256(encoded).hexdigest()}")


def _layer_descriptor(layer: Layer) -> dict[str, Any]:
    descriptor = {"mediaType": layer.media_type, "digest": layer.digest, "size": layer.size}
    return descriptor | ({"annotations": dict(layer.annotations)} if layer.annotations else {})


def _entry(image: PlatformImage, document: Document) -> dict[str, Any]:
    platform = image.entry.platform if image.entry and image.entry.platform else image.platform
    return document.descriptor() | {"platform": platform.model_dump(by_alias=True, exclude_none=True)}
