"""ManagedImages as they are read: objects, statuses and builds for the tests of this folder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from slipway.api.managedimage import ManagedImage
from slipway.engine.key import Key
from slipway.engine.reconcile import Observed
from slipway.engine.requests import Request
from slipway.engine.view import hash_status
from slipway.kinds.managedimage.builds import key_of
from slipway.kinds.managedimage.facts import Facts, KnownBase, Source, UnknownBase
from slipway.kinds.managedimage.words import REBUILD

__all__ = [
    "ASKED",
    "BASE",
    "MANUAL",
    "NEW",
    "NEWER",
    "NOW",
    "OLD",
    "REPOSITORY",
    "SOURCE",
    "STANDING_ON_OLD",
    "bases_of",
    "body",
    "build",
    "built_on",
    "digest",
    "facts",
]

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
REPOSITORY = "registry.example.com/shop/api"
BASE = "registry.example.com/base/python:3.12"


def digest(name: str) -> str:
    return "sha256:" + name.encode().hex().ljust(64, "0")


OLD, NEW, NEWER, SOURCE = digest("old"), digest("new"), digest("newer"), digest("source")


def body(status: dict[str, Any] | None = None, *, generation: int = 1, **spec: Any) -> dict[str, Any]:
    build = {"type": "None", "baseChange": "Rebase", "rebase": {"from": {"tag": "1.4.0"}}}
    return {
        "metadata": {
            "name": "api",
            "namespace": "shop",
            "uid": "u1",
            "resourceVersion": "7",
            "generation": generation,
        },
        "spec": {
            "image": {"repository": REPOSITORY, "tag": "1.4.0-{build}"},
            "bases": [{"reference": BASE}],
            "build": build,
            **spec,
        },
        "status": {"observedGeneration": generation, **(status or {})},
    }


def facts(
    status: dict[str, Any] | None = None,
    *,
    base: Any = NEW,
    source: Any = None,
    requests: tuple[Request, ...] = (),
    observed_generation: int = 1,
    **spec: Any,
) -> Facts:
    document = body({**(status or {}), "observedGeneration": observed_generation}, **spec)
    return Facts(
        observed=Observed(
            key=Key("managedimages.slipway.dev", "shop", "api"),
            uid="u1",
            resource_version="7",
            generation=1,
            status=document["status"],
            status_hash=hash_status(document["status"]),
            annotations={},
            created_at=NOW - timedelta(days=1),
        ),
        image=ManagedImage.model_validate(document),
        bases=bases_of(base),
        source=source,
        requests=requests,
    )


def bases_of(base: Any) -> tuple[KnownBase | UnknownBase, ...]:
    """The base with this digest, or the problem with it, or none."""
    match base:
        case None:
            return ()
        case str():
            return (KnownBase(BASE, base, "python-base"),)
        case KnownBase():
            return (base,)
        case _:
            return (UnknownBase(BASE, base),)


def built_on(base: str, **more: Any) -> dict[str, Any]:
    """The status of an image whose source build stands on a base."""
    return {
        "phase": "Current",
        "image": {"reference": f"{REPOSITORY}:1.4.0", "digest": SOURCE},
        "source": {"digest": SOURCE, "baseDigest": OLD},
        "bases": [{"reference": BASE, "builtDigest": base, "latestDigest": base, "warehouse": "python-base"}],
        **more,
    }


def build(number: int, phase: str, base: str, **more: Any) -> dict[str, Any]:
    key = key_of(REPOSITORY, (BASE, base), SOURCE, allow_run=False)
    return {
        "number": number,
        "key": key,
        "phase": phase,
        "reference": f"{REPOSITORY}:1.4.0-{number}",
        "startedAt": "2026-11-21T08:00:00Z",
        "sourceDigest": SOURCE,
        "bases": [{"reference": BASE, "digest": base}],
        **more,
    }


STANDING_ON_OLD = Source(SOURCE, OLD, next_number=1)
ASKED = Request(REBUILD, NOW)
MANUAL: dict[str, Any] = {"rebuild": {"policy": "Manual"}}
