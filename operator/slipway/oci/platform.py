"""Platforms (`linux/arm64/v8`) and the choice among the images of an index.

Names are normalised as containerd/platforms does, so that `arm64` and `arm64/v8` are one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import override

from slipway.oci.errors import InvalidReference, PlatformNotFound

if TYPE_CHECKING:
    from slipway.oci.manifest import Descriptor, ImageIndex

__all__ = ["Platform", "find_platform", "no_such_platform", "runnable", "select_platform"]

_ARCHITECTURES: Final = {
    "x86_64": ("amd64", None),
    "x86-64": ("amd64", None),
    "i386": ("386", None),
    "aarch64": ("arm64", None),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
}
_STANDARD_VARIANTS: Final = {"amd64": "v1", "arm64": "v8"}


class Platform(BaseModel):
    """What an image runs on."""

    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True)

    os: str = ""
    architecture: str = ""
    variant: str | None = None
    os_version: str | None = Field(default=None, alias="os.version")

    @classmethod
    def parse(cls, text: str) -> Platform:
        """The platform in `os/architecture[/variant]`.

        Raises:
            InvalidReference: when it has another form.
        """
        parts = text.split("/")
        if len(parts) not in {2, 3} or not all(parts):
            msg = f"{text[:100]!r} is not a platform: write it like linux/amd64 or linux/arm/v7"
            raise InvalidReference(msg)
        return cls(os=parts[0], architecture=parts[1], variant=parts[2] if len(parts) == 3 else None)

    @override
    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))

    @property
    def key(self) -> tuple[str, str, str | None]:
        """Operating system, architecture and variant under their usual names: equal for equal platforms."""
        name = self.architecture.lower()
        architecture, variant = _ARCHITECTURES.get(name, (name, None))
        variant = (self.variant or "").lower() or variant
        if variant is not None and variant.isdigit():
            variant = f"v{variant}"
        if variant == _STANDARD_VARIANTS.get(architecture):
            variant = None
        if architecture == "arm" and variant is None:
            variant = "v7"
        return self.os.lower(), architecture, variant

    @property
    def usual_name(self) -> str:
        """The platform under its usual names: `linux/arm64` also for `linux/aarch64` and `linux/arm64/v8`."""
        return "/".join(filter(None, self.key))

    @property
    def is_known(self) -> bool:
        """False for the `unknown/unknown` of attestations and for entries without a platform."""
        return self.os not in {"", "unknown"} and self.architecture not in {"", "unknown"}


def select_platform(index: ImageIndex, wanted: Platform) -> Descriptor:
    """The image of the index for a platform: the exact one, else for arm the nearest older variant.

    Raises:
        PlatformNotFound: naming those that there are.
    """
    found = find_platform(index, wanted)
    if found is None:
        raise no_such_platform(wanted, index.images)
    return found


def find_platform(index: ImageIndex, wanted: Platform) -> Descriptor | None:
    """Like `select_platform`; None when the index itself has no such image."""
    entries = [entry for entry in index.images if entry.platform is not None]
    for key in runnable(wanted):
        for entry in entries:
            if entry.platform is not None and entry.platform.key == key:
                return entry
    return None


def no_such_platform(wanted: Platform | None, entries: Iterable[Descriptor]) -> PlatformNotFound:
    """The error that names what there is instead; None as platform stands for any."""
    available = ", ".join(_listed(entries)) or "none"
    image = "image" if wanted is None else f"image for {wanted}"
    return PlatformNotFound(f"there is no {image}; the index has: {available}")


def runnable(wanted: Platform) -> list[tuple[str, str, str | None]]:
    """The keys of the platforms whose images run on a platform: its own, then for arm the older variants."""
    system, architecture, variant = wanted.key
    older = ["v7", "v6", "v5"]
    if architecture == "arm" and variant in older:
        return [(system, architecture, one) for one in older[older.index(variant) :]]
    return [wanted.key]


def _listed(entries: Iterable[Descriptor]) -> list[str]:
    return sorted({str(entry.platform) for entry in entries if entry.platform is not None})[:20]
