"""What the store keeps of an object, and the two hashes by which a change is told from an echo."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from enum import Enum
from hashlib import blake2b
from typing import Any, Final, Protocol, Self

import orjson

from slipway.engine.key import Key

__all__ = ["REQUEST_PREFIX", "PlainView", "Urgency", "View", "hash_status", "hash_wish"]

REQUEST_PREFIX: Final = "slipway.dev/"
"""Annotations with this prefix are wishes of a person, and so belong to the wish of an object."""

_HASH_BYTES: Final = 16

_any_json: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=dict
).encode


class Urgency(Enum):
    """How soon somebody has to look at a change."""

    NONE = "none"
    """It is nothing that concerns them."""

    SOON = "soon"
    """Changes of this sort come one after the other: one look at several of them will do."""

    AT_ONCE = "at once"


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

    def concerns_listeners(self, before: Self) -> bool:
        """Whether who listens to this object finds something new in its status; only they see it."""

    def concerns_owner(self, before: Self) -> Urgency:
        """How soon the owner of this child has to look, now that it is no longer as it was."""


class PlainView:
    """The answers of a view that tells no sort of change from another."""

    __slots__ = ()

    def concerns_listeners(self: View, before: View) -> bool:
        """Every change of the status does."""
        return self.status_hash != before.status_hash

    def concerns_owner(self: View, before: View) -> Urgency:  # noqa: ARG002 - no change is less than another
        """At once."""
        return Urgency.AT_ONCE


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
    return blake2b(_canonical(value), digest_size=_HASH_BYTES).digest()


def _canonical(value: object) -> bytes:
    try:
        return orjson.dumps(value, default=dict, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # half a surrogate pair, or a number of more than 64 bits
        return _any_json(value).encode("utf-8", "surrogatepass")
