"""What a pipeline is told about the build that it is asked for.

==================== =========================================================================================
input                value
==================== =========================================================================================
`slipway_key`        what tells this run from all others; the name of the run must contain it
`slipway_image`      where to push to, with the tag: `registry.example.com/shop/api:1.4.0-7`
`slipway_repository` the same without the tag: `registry.example.com/shop/api`
`slipway_tag`        the tag alone: `1.4.0-7`
`slipway_build`      the number of the build: `7`
`slipway_bases`      every base as the Dockerfile writes it, with its digest, as a JSON object:
                     `{"python:3.12-slim":"sha256:…"}`
`slipway_commit`     the commit to build; empty where the pipeline decides
==================== =========================================================================================

All are text. Beside them stand the inputs of the user, whose names may not begin with `slipway_`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from slipway.build.builders.order import BuildOrder

__all__ = ["KEY", "PREFIX", "correlation_of", "inputs_of", "split_reference"]

PREFIX: Final = "slipway_"
"""How our names begin; inputs of the user that begin so, in whatever case, are left out."""

KEY: Final = "slipway_key"
"""The input that tells a run from all others."""


def correlation_of(order: BuildOrder) -> str:
    """What tells the run of this order from all others: hex digits, a hyphen, and digits.

    The moment is a part of it: a build that failed has the same key when it is tried again, and its old run
    must not be taken for the new one. For the same reason it is the id by which webhooks are told apart.
    """
    return f"{order.key}-{int(order.requested_at.timestamp())}"


def inputs_of(order: BuildOrder, own: Mapping[str, str]) -> dict[str, str]:
    """All inputs of a run by name.

    Args:
        order: What is to be built.
        own: The inputs of the user.
    """
    repository, tag = split_reference(order.reference)
    ours = {
        KEY: correlation_of(order),
        "slipway_image": order.reference,
        "slipway_repository": repository,
        "slipway_tag": tag,
        "slipway_build": str(order.number),
        "slipway_bases": json.dumps(dict(order.bases), sort_keys=True, separators=(",", ":")),
        "slipway_commit": order.source.commit if order.source is not None else "",
    }
    return {name: value for name, value in own.items() if not name.casefold().startswith(PREFIX)} | ours


def split_reference(reference: str) -> tuple[str, str]:
    """Repository and tag; a colon before the last slash belongs to a port."""
    repository, _, tag = reference.rpartition(":")
    return (repository, tag) if repository and "/" not in tag else (reference, "")
