"""What is said of the images that an image is made from: by whom, which, and in what part. Pure.

Nothing here is verified: a label or a provenance is what whoever pushed the image wrote. `adopted.py` proves
by layers what an image stands on.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Claim", "Kind", "Source", "SourceCommit"]


class Source(StrEnum):
    """Who says it; the first is believed most."""

    SPEC = "Spec"
    """What the user wrote into the ManagedImage."""

    DOCKERFILE = "Dockerfile"
    """The text that the image is built from."""

    PROVENANCE = "Provenance"
    """What the builder wrote down of what it loaded."""

    LABEL = "Label"
    """A label or annotation `org.opencontainers.image.base.name`."""


class Kind(StrEnum):
    """What an image is to the one that is made from it."""

    FINAL = "Final"
    """The result stands on it."""

    BUILDER = "Builder"
    """An earlier stage stands on it."""

    COPY_FROM = "CopyFrom"
    """Files are copied from it, or it is mounted."""

    SYNTAX = "Syntax"
    """It reads the Dockerfile."""

    UNKNOWN = "Unknown"
    """It was loaded; what for is not said."""


@dataclass(frozen=True, slots=True)
class Claim:
    """That an image is made from another."""

    source: Source
    reference: str
    """The other image, as it was written: `python:3.12-slim`."""

    digest: str | None
    """Of its index, or of its manifest for one platform: not all say which."""

    kind: Kind
    speaker: str
    """How a sentence begins that repeats it: `the Dockerfile at 3f9c1e2`."""


@dataclass(frozen=True, slots=True)
class SourceCommit:
    """The commit that an image was built from, as its provenance has it."""

    url: str
    """Of the repository, without credentials."""

    ref: str
    """The branch or tag that was asked for, as it was written; "" where none is named."""

    commit: str
    """Full object id."""
