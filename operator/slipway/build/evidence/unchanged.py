"""Whether a build gave the image that was there before: layers and configuration equal, but for times. Pure.

Layers are equal when their contents are, however they were compressed. A build that records another time in a
file, as most do without SOURCE_DATE_EPOCH, gives another layer, and so another image.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from slipway.build.rebase.documents import BASE_DIGEST, BASE_NAME
from slipway.build.rebase.image import Image, PlatformImage

__all__ = ["PER_BUILD_LABELS", "is_unchanged"]

PER_BUILD_LABELS: Final = frozenset(
    {
        BASE_NAME,
        BASE_DIGEST,
        "org.opencontainers.image.created",
        "org.opencontainers.image.revision",
    }
)
"""Labels that Slipway sets anew with each build: they say when and from what, not what is in it."""

_TIMES: Final = frozenset({"created"})
_OF_THE_BUILD: Final = frozenset({"container", "container_config", "docker_version", "id", "parent"})
"""Members of a configuration that Docker's classic builder has for the container of a build step."""

_BUILDKIT: Final = "moby.buildkit."
"""Members in which BuildKit keeps its cache and its notes on the build."""

_LEFTOVERS: Final = frozenset({"Hostname", "Image", "Labels"})
"""Settings of that container; labels are compared by themselves."""

_APART: Final = frozenset({"config", "history", "rootfs"})
"""Members that are compared by what was read of them."""


def is_unchanged(old: Image, new: Image) -> bool:
    """Whether two images are the same for whoever runs them: on each platform, and on the same platforms.

    Attestations do not count, nor do annotations, whether an index holds the only image, times (`created`,
    also in the history), and the labels of `PER_BUILD_LABELS`.
    """
    if len(old.platforms) != len(new.platforms):
        return False
    pairs = [(part, new.on(part.platform)) for part in old.platforms]
    return all(other is not None and _is_same(part, other) for part, other in pairs)


def _is_same(old: PlatformImage, new: PlatformImage) -> bool:
    return (
        old.diff_ids == new.diff_ids
        and _labels(old) == _labels(new)
        and dict(_settings(old)) == dict(_settings(new))
        and dict(_members(old)) == dict(_members(new))
        and [replace(entry, created="") for entry in old.history]
        == [replace(entry, created="") for entry in new.history]
    )


def _labels(image: PlatformImage) -> dict[str, str]:
    labels = image.settings.get("Labels", {})
    return {name: value for name, value in labels.items() if name not in PER_BUILD_LABELS}


def _settings(image: PlatformImage) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, value in image.settings.items() if name not in _LEFTOVERS)


def _members(image: PlatformImage) -> Iterator[tuple[str, Any]]:
    """What else the configuration says of the image."""
    passed_over = _TIMES | _OF_THE_BUILD | _APART
    for name, value in image.config.items():
        if name not in passed_over and not name.startswith(_BUILDKIT) and value not in (None, "", [], {}):
            yield name, value
