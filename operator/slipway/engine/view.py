"""What the store keeps of an object, and the two hashes by which a change is told from an echo."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from hashlib import blake2b
from typing import Any, Final, Protocol

from slipway.engine.key import Key

__all__ = ["REQUEST_PREFIX", "View", "hash_status", "hash_wish"]

REQUEST_PREFIX: Final = "slipway.dev/"
"""Annotations with this prefix are wishes of a person, and so belong to the wish of an object."""

_HASH_BYTES: Final = 16

_canonical: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=dict
).encode


class View(Protocol):
    """What decisions need of one object; frozen, slotted, one to two KB."""

    @property
    def key(self) -> Key:
        """The object's name in the engine."""

    @property
    def uid(self) -> str:
        """`metadata.uid`: tells an object from a later one of the same name."""

    @property
    def resource_version(self) -> int:
        """`metadata.resourceVersion`; within one kind a greater one is newer."""

    @property
    def generation(self) -> int:
        """`metadata.generation`; 0 where the kind has none."""

    @property
    def wish(self) -> bytes:
        """A short hash of what a person wants, as `hash_wish` gives it."""

    @property
    def status_hash(self) -> bytes:
        """The hash of the status, as `hash_status` gives it."""

    @property
    def owner(self) -> Key | None:
        """For a child: the object whose key is queued when the child changes."""

    @property
    def topics(self) -> tuple[Hashable, ...]:
        """What this object is found by beside its key, such as `("image", namespace, "host/repository")`."""

    @property
    def listens(self) -> tuple[Hashable, ...]:
        """Keys and topics whose change concerns this object."""


def hash_status(status: Mapping[str, Any] | None) -> bytes:
    """A hash of a status that ignores every `lastTransitionTime`; empty for a status nobody wrote yet.

    A status is blank when it is missing, empty, or only the `{observedGeneration: -1}` that the CRD defaults.
    """
    if not status or (len(status) == 1 and status.get("observedGeneration") == -1):
        return b""
    return _hash(_without_times(status))


def hash_wish(
    spec: Mapping[str, Any] | None,
    annotations: Mapping[str, str] | None = None,
    deletion_timestamp: str | None = None,
) -> bytes:
    """A hash of what a person wants: spec, the annotations under `slipway.dev/`, and whether it shall go."""
    requests = {name: text for name, text in (annotations or {}).items() if name.startswith(REQUEST_PREFIX)}
    return _hash([spec, requests, deletion_timestamp])


def _without_times(value: Any) -> Any:
    # Nearly all are plain strings and dicts, and to ask whether one is a Mapping costs ten times as much.
    if type(value) is str:
        return value
    if type(value) is dict or isinstance(value, Mapping):
        return {name: _without_times(item) for name, item in value.items() if name != "lastTransitionTime"}
    if isinstance(value, list | tuple):
        return [_without_times(item) for item in value]
    return value


def _hash(value: object) -> bytes:
    return blake2b(_canonical(value).encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES).digest()
