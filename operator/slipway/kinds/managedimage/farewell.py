"""Reads what a deletion has to wait for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from slipway.api.managedimage import ManagedImage
from slipway.clock import parse_time
from slipway.engine.key import Key
from slipway.kinds.context import Context
from slipway.kinds.managedimage import builds
from slipway.kinds.managedimage.archive import FINALIZER, is_archive_of, manifest_of
from slipway.kinds.managedimage.departure import Leaving, Unheld
from slipway.kinds.managedimage.words import BUILD
from slipway.kube.children import child_name
from slipway.kube.resources import CONFIGMAPS
from slipway.kube.status import observed_from

__all__ = ["archive_name", "find_leaving", "find_unheld"]

_SUFFIX = "archive"


def archive_name(image: str) -> str:
    """The name of the ConfigMap that keeps the record of an image: `<name>-archive`."""
    return child_name(image, _SUFFIX)


def find_unheld(key: Key, body: Mapping[str, Any]) -> Unheld | None:
    """The image, where it has builds on record and nothing would keep them; else None."""
    finalizers = _finalizers(body)
    if FINALIZER in finalizers or not _has_builds(body):
        return None
    return Unheld(observed_from(key, body), finalizers)


async def find_leaving(context: Context, key: Key, body: Mapping[str, Any]) -> Leaving | None:
    """What to do before a deleted image may go; None where nothing is left to do.

    Raises:
        KubeError: when the API server does not answer.
    """
    finalizers, name, owner = _finalizers(body), archive_name(key.name), child_name(key.name)
    if FINALIZER not in finalizers:
        return None
    existing = await context.kube.get(CONFIGMAPS, key.namespace, name)
    return Leaving(
        observed=observed_from(key, body),
        finalizers=finalizers,
        deleted_at=parse_time(body["metadata"]["deletionTimestamp"]),
        has_builds=_has_builds(body),
        archive=manifest_of(body, name, owner),
        existing=existing,
        is_ours=existing is not None and is_archive_of(existing, owner),
        built_outside=_built_outside(body),
    )


def _built_outside(body: Mapping[str, Any]) -> ManagedImage | None:
    """The image, where somebody outside of the cluster works on a build of it, or may."""
    try:
        image = ManagedImage.model_validate(body)
    except ValidationError:
        return None  # what no model takes may go as well
    build = builds.under_way(image.status.builds)
    if build is None or build.method != BUILD:
        return None
    is_by_pipeline = image.spec.build is not None and image.spec.build.pipeline is not None
    return image if is_by_pipeline or build.run is not None else None


def _has_builds(body: Mapping[str, Any]) -> bool:
    return bool((body.get("status") or {}).get("builds"))


def _finalizers(body: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(body["metadata"].get("finalizers") or ())
