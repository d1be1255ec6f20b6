"""What a build Job is called, and the labels it is found by. Pure."""

from __future__ import annotations

import hashlib
import json
from typing import Final

from slipway.build.builders.order import BuildOrder

__all__ = [
    "KEY_LABEL",
    "MANAGED_IMAGE_LABEL",
    "NUMBER_LABEL",
    "annotations_of",
    "job_name",
    "labels_of",
    "selector_of",
]

KEY_LABEL: Final = "slipway.dev/build-key"
"""The key of the build."""

NUMBER_LABEL: Final = "slipway.dev/build-number"
"""The number of the build."""

MANAGED_IMAGE_LABEL: Final = "slipway.dev/managed-image"
"""The name of the ManagedImage, cut if it is longer than a label may be; the annotation has the whole."""

_MANAGED_LABEL: Final = "slipway.dev/managed"
_LONGEST: Final = 63
_HASH_LENGTH: Final = 8


def job_name(order: BuildOrder) -> str:
    """`<image>-<number>-<start of the key>`, from the second attempt on with the attempt behind it.

    A long image name is cut, with a hash of the whole of it.
    """
    attempt = f"-{order.attempt}" if order.attempt > 1 else ""
    end = f"-{order.number}-{order.key[:_HASH_LENGTH]}{attempt}"
    return _cut(order.image_name, _LONGEST - len(end)) + end


def labels_of(order: BuildOrder) -> dict[str, str]:
    """The labels of the Job and of its pod."""
    return {
        _MANAGED_LABEL: "true",
        MANAGED_IMAGE_LABEL: _cut(order.image_name, _LONGEST),
        NUMBER_LABEL: str(order.number),
        KEY_LABEL: _cut(order.key, _LONGEST),
    }


def selector_of(image_name: str, number: int) -> str:
    """The label selector of the Jobs and pods of one build, of all its attempts."""
    return f"{MANAGED_IMAGE_LABEL}={_cut(image_name, _LONGEST)},{NUMBER_LABEL}={number}"


def annotations_of(order: BuildOrder) -> dict[str, str]:
    """What labels cannot hold: everything by which a person or the operator knows the build again."""
    return {
        MANAGED_IMAGE_LABEL: order.image_name,
        KEY_LABEL: order.key,
        "slipway.dev/reference": order.reference,
        "slipway.dev/bases": json.dumps(dict(order.bases), sort_keys=True),
        "slipway.dev/requested-at": order.requested_at.isoformat(),
    }


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    whole = hashlib.sha256(text.encode()).hexdigest()[:_HASH_LENGTH]
    return f"{text[: longest - _HASH_LENGTH - 1].rstrip('-.')}-{whole}"
