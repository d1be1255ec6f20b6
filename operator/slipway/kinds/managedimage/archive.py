"""The record of an image that is enrolled no more, as a ConfigMap holds it; and back. Pure.

The content is JSON, packed by gzip under one key of `binaryData`. Whoever may write ConfigMaps may have
written this one, so that nothing of it is believed before it is read through the models of the API.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field, ValidationError

from slipway.api.base import ApiModel
from slipway.api.conditions import Reason
from slipway.api.managedimage import BuildPhase, ManagedImageStatus
from slipway.api.strings import Repository, Time

__all__ = [
    "ARCHIVE_LABEL",
    "CONTENT_LIMIT",
    "FINALIZER",
    "OWNER_LABEL",
    "Archive",
    "Unusable",
    "highest_number",
    "is_archive_of",
    "manifest_of",
    "read_archive",
]

FINALIZER: Final = "slipway.dev/archive"
"""Keeps a deleted ManagedImage until its record is written."""

ARCHIVE_LABEL: Final = "slipway.dev/archive"
"""Tells archives from the ConfigMaps of people."""

OWNER_LABEL: Final = "slipway.dev/owner-name"
"""The name of the image; one too long for a label as names of children are cut."""

CONTENT_LIMIT: Final = 512 * 1024
"""Bytes that are unpacked at most; the largest status has 64 KiB."""

_KEY: Final = "record.json.gz"
_VERSION: Final = 1
_REPOSITORY: Final = "slipway.dev/repository"
_ARCHIVED_AT: Final = "slipway.dev/archived-at"
_DIGEST: Final = "slipway.dev/record-digest"
_LEFT_OUT: Final = frozenset({"conditions", "handledRequests", "observedGeneration", "phase"})
_HIGHEST: Final = 10**18 - 1
"""A tag has room for 18 digits."""

_GIVEN_UP: Final = "given up: the ManagedImage was deleted"


class Archive(ApiModel):
    """What is kept of an image."""

    uid: Annotated[str, Field(max_length=128)]
    """Of the ManagedImage that was deleted."""

    repository: Repository
    """Where its builds went."""

    tag: Annotated[str, Field(max_length=128)]
    """The template of their tags."""

    archived_at: Time
    """When its deletion was asked for."""

    status: ManagedImageStatus
    """What was known then."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """An archive that cannot be read."""

    message: str
    """What is wrong with it; follows `it`."""


def is_archive_of(configmap: Mapping[str, Any], owner: str) -> bool:
    """Whether the operator made the ConfigMap for an image of this name.

    Args:
        configmap: a live object.
        owner: the name as it stands in the label.
    """
    labels = configmap["metadata"].get("labels") or {}
    return labels.get(ARCHIVE_LABEL) == "true" and labels.get(OWNER_LABEL) == owner


def manifest_of(image: Mapping[str, Any], name: str, owner: str) -> dict[str, Any]:
    """The ConfigMap for a ManagedImage whose deletion was asked for; the same each time.

    It has no owner: it is to stay.

    Args:
        image: the live object. It is taken as it is, so that one that no model takes can go as well.
        name: of the ConfigMap.
        owner: the name of the image as it stands in the label.
    """
    metadata, target = image["metadata"], (image.get("spec") or {}).get("image") or {}
    archived_at = metadata["deletionTimestamp"]
    document = {
        "version": _VERSION,
        "uid": metadata["uid"],
        "repository": target.get("repository", ""),
        "tag": target.get("tag", ""),
        "archivedAt": archived_at,
        "status": _kept(image.get("status") or {}, archived_at),
    }
    content = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return {
        "metadata": {
            "name": name,
            "labels": {ARCHIVE_LABEL: "true", OWNER_LABEL: owner},
            "annotations": {
                _REPOSITORY: document["repository"],
                _ARCHIVED_AT: archived_at,
                _DIGEST: _digest(content),
            },
        },
        "binaryData": {_KEY: base64.b64encode(gzip.compress(content, mtime=0)).decode()},
    }


def read_archive(configmap: Mapping[str, Any]) -> Archive | Unusable:
    """What an archive says, once it holds together; never an error, whatever stands in it."""
    content = _unpacked((configmap.get("binaryData") or {}).get(_KEY))
    if isinstance(content, Unusable):
        return content
    if (configmap["metadata"].get("annotations") or {}).get(_DIGEST) != _digest(content):
        return Unusable(f"is damaged: its content is not what the annotation {_DIGEST} says")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return Unusable("is damaged: its content is no JSON")
    if not isinstance(document, dict):
        return Unusable("is damaged: its content is no JSON object")
    if document.get("version") != _VERSION:
        return Unusable(f"is of another version than {_VERSION}, the only one that this operator reads")
    return _validated(document)


def highest_number(status: ManagedImageStatus) -> int:
    """The highest number that a build of the image had; 0 where there was none."""
    return max((status.numbers_above or 0, *(build.number for build in status.builds)))


def _kept(status: Mapping[str, Any], archived_at: str) -> dict[str, Any]:
    kept = {name: value for name, value in status.items() if name not in _LEFT_OUT}
    if "builds" in kept:
        kept["builds"] = [_ended(build, archived_at) for build in kept["builds"]]
    return kept


def _ended(build: Mapping[str, Any], archived_at: str) -> dict[str, Any]:
    """A build under way goes with the object: its Job has it as owner."""
    if build.get("phase") != BuildPhase.BUILDING:
        return dict(build)
    end = {
        "phase": BuildPhase.FAILED.value,
        "finishedAt": archived_at,
        "reason": Reason.SUPERSEDED,
        "message": _GIVEN_UP,
    }
    return {**{name: value for name, value in build.items() if name != "pipeline"}, **end}


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _unpacked(packed: object) -> bytes | Unusable:
    if not isinstance(packed, str):
        return Unusable(f"has no {_KEY} in binaryData")
    # Never more than the limit is unpacked: a few bytes can stand for gigabytes.
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        content = unpacking.decompress(base64.b64decode(packed, validate=True), CONTENT_LIMIT)
    except (ValueError, zlib.error):
        return Unusable(f"is damaged: {_KEY} is not packed by gzip")
    if unpacking.eof and not unpacking.unused_data:
        return content
    if unpacking.unconsumed_tail:
        return Unusable(f"has more than {CONTENT_LIMIT} bytes of content")
    return Unusable(f"is damaged: {_KEY} is cut off, or something follows it")


def _validated(document: Mapping[str, Any]) -> Archive | Unusable:
    try:
        archive = Archive.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return Unusable(f"is damaged: {where}: {first['msg']}"[:256])
    flaw = _flaw(archive.status)
    return Unusable(f"is damaged: {flaw}") if flaw else archive


def _flaw(status: ManagedImageStatus) -> str | None:
    """What the API server, or a later build, would stumble over."""
    if highest_number(status) > _HIGHEST:
        return "a number of a build has more than 18 digits"
    if _repeats(build.number for build in status.builds):
        return "two builds have the same number"
    if any(build.phase == BuildPhase.BUILDING for build in status.builds):
        return "a build has no end"
    lists = [[base.reference for base in status.bases]]
    lists += [[base.reference for base in build.bases] for build in status.builds]
    if any(map(_repeats, lists)):
        return "two bases have the same reference"
    return None


def _repeats(values: Iterable[object]) -> bool:
    listed = list(values)
    return len(set(listed)) < len(listed)
