"""The Warehouses that the operator makes: their names, and their manifests. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from slipway.api.building import SourceSpec
from slipway.kinds.managedimage.facts import WantedWarehouse
from slipway.kinds.managedimage.sourcepaths import source_paths
from slipway.kinds.warehouse.view import AUTOMATIC_LABEL
from slipway.oci.reference import ImageReference

__all__ = ["SUBSCRIPTION", "manifest_of", "wanted_source", "wanted_warehouse"]

SUBSCRIPTION: Final = "image"
"""The name of the one subscription of such a Warehouse."""

_BASE_INTERVAL: Final = "24h"
_SOURCE_INTERVAL: Final = "5m"
_HASH_LENGTH: Final = 16


def wanted_warehouse(reference: str, registry: str | None = None) -> WantedWarehouse:
    """The Warehouse that follows a tag.

    Args:
        reference: repository and tag.
        registry: name of the Registry to ask, where the user names one.
    """
    parsed = ImageReference.parse(reference)
    image: dict[str, Any] = {
        "repository": f"{parsed.registry}/{parsed.repository}",
        "policy": {"type": "Digest", "digest": {"tag": parsed.tag or "latest"}},
    }
    if registry is not None:
        image["registryRef"] = {"name": registry}
    return _warehouse(_BASE_INTERVAL, {"name": SUBSCRIPTION, "type": "Image", "image": image})


def wanted_source(source: SourceSpec) -> WantedWarehouse:
    """The Warehouse that follows the branch that is built; shared by images that count the same changes.

    Who asks for another window gets another Warehouse: nobody's build waits longer for another's.
    """
    git: dict[str, Any] = {
        "url": source.git.url,
        "branch": source.git.branch,
        "window": source.git.window,
    }
    if source.git.secret_ref is not None:
        git["secretRef"] = {"name": source.git.secret_ref.name}
    paths = source_paths(source.git.path, source.dockerfile, source.git.include_paths)
    if paths:
        git["includePaths"] = list(paths)
    return _warehouse(_SOURCE_INTERVAL, {"name": SUBSCRIPTION, "type": "Git", "git": git})


def manifest_of(wanted: WantedWarehouse) -> dict[str, Any]:
    """The Warehouse as it is created, but for its owners: those who need it."""
    return {
        "metadata": {"name": wanted.name, "labels": {AUTOMATIC_LABEL: "true"}},
        "spec": {"interval": wanted.interval, "subscriptions": [dict(wanted.subscription)]},
    }


def _warehouse(interval: str, subscription: Mapping[str, Any]) -> WantedWarehouse:
    written = json.dumps(subscription, sort_keys=True)
    digits = sha256(written.encode()).hexdigest()[:_HASH_LENGTH]
    return WantedWarehouse(f"auto-{digits}", interval, subscription)
