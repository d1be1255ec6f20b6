"""An image as a rebase sees it: for each platform its layers with diff IDs, history and configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from typing_extensions import override

from slipway.oci.manifest import Descriptor
from slipway.oci.platform import Platform

__all__ = ["HistoryEntry", "Image", "Json", "Layer", "PlatformImage", "same_platform"]

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer as the registry keeps it, and the digest of its content."""

    digest: str
    size: int
    """Bytes as stored."""
    media_type: str
    diff_id: str
    """Digest of the uncompressed tar: what a layer *is*, however it was compressed."""
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of history."""

    created_by: str = ""
    empty_layer: bool = False
    created: str = ""
    author: str = ""
    comment: str = ""

    @classmethod
    def from_json(cls, document: Json) -> HistoryEntry:
        """Read one entry of a configuration's `history`."""
        names = ("created_by", "created", "author", "comment")
        texts = {name: str(document.get(name) or "") for name in names}
        return cls(empty_layer=bool(document.get("empty_layer")), **texts)

    def to_json(self) -> dict[str, Any]:
        """The entry as a configuration has it, without what is empty."""
        names = ("created", "created_by", "author", "comment", "empty_layer")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


@dataclass(frozen=True, slots=True)
class PlatformImage:
    """The image of one platform."""

    name: str
    """How messages call it."""
    digest: str
    """Of its manifest."""
    platform: Platform
    layers: tuple[Layer, ...]
    """Bottom first."""
    history: tuple[HistoryEntry, ...]
    config: Json
    """The whole configuration document."""
    settings: Json
    """Its `config` member without what is null or empty: env, labels, user and so on, types checked."""
    annotations: Mapping[str, str]
    """Of its manifest."""
    entry: Descriptor | None = None
    """Its entry in the index, where there is one."""

    @property
    def diff_ids(self) -> tuple[str, ...]:
        """The digests of the uncompressed layers, bottom first."""
        return tuple(layer.diff_id for layer in self.layers)

    @override
    def __str__(self) -> str:
        return f"{self.name} ({self.platform})"


@dataclass(frozen=True, slots=True)
class Image:
    """A single image, or an index of images without its attestations."""

    name: str
    """How messages call it: the reference."""
    digest: str
    """What a tag points at: of the index, or of the only manifest."""
    platforms: tuple[PlatformImage, ...]
    is_index: bool
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Of the index; those of a single image are with its platform."""

    def on(self, platform: Platform) -> PlatformImage | None:
        """The image for a platform; the first entry of an index wins (image-index.md)."""
        return next((image for image in self.platforms if same_platform(image.platform, platform)), None)

    @override
    def __str__(self) -> str:
        return self.name


def same_platform(one: Platform, other: Platform) -> bool:
    """Whether two platforms are the same; `arm64` is `arm64/v8`, but every version of Windows is its own."""
    return one.key == other.key and (one.os_version or "") == (other.os_version or "")
