"""The key of a build: what goes in decides it, so the same inputs are never built twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["BuildInputs", "build_key"]


@dataclass(frozen=True, slots=True)
class BuildInputs:
    """All that decides what a build makes."""

    image: str
    """Where the result goes, without a tag: `registry.example.com/shop/api`."""

    bases: Mapping[str, str]
    """Every base by its reference as the user wrote it, with the digest it was resolved to."""

    source: str
    """What is built: a commit, or the digest of the source build that a rebase starts from."""

    configuration: Mapping[str, Any]
    """The settings that change the result, as JSON; never time-outs, retries or history limits."""

    request: str | None = None
    """The token of a person's request: asking again for the same inputs is a new build."""


def build_key(inputs: BuildInputs) -> str:
    """32 hex digits that are the same for the same inputs, in whatever order they were collected."""
    return hashlib.sha256(_canonical(inputs)).hexdigest()[:32]


def _canonical(inputs: BuildInputs) -> bytes:
    """One text per meaning. Named fields keep a value from passing for its neighbour."""
    document = {
        "image": inputs.image,
        "bases": dict(inputs.bases),
        "source": inputs.source,
        "configuration": dict(inputs.configuration),
        "request": inputs.request,
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
