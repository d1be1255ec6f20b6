"""What Google's registries tell in a list of tags beside the names: a map of manifests by digest.

Shape: `{"manifest": {"sha256:…": {"tag": ["1.0"], "timeUploadedMs": "1732180000000", "timeCreatedMs": "…",
"imageSizeBytes": "52428800", "mediaType": "…"}}, "child": […], "tags": […]}`; numbers are decimal texts. Such
lists are not paged. Source: go-containerregistry, pkg/v1/google/list.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from slipway.oci.creation import from_milliseconds
from slipway.oci.digest import is_digest
from slipway.oci.results import TagInfo

__all__ = ["tag_details"]


def tag_details(body: object) -> dict[str, TagInfo]:
    """What the map of manifests says of each tag, by name; empty where there is no such map.

    Entries that cannot be read are left out: names and digests are asked for all the same.
    """
    manifests = body.get("manifest") if isinstance(body, dict) else None
    if not isinstance(manifests, dict):
        return {}
    return {detail.name: detail for digest, entry in manifests.items() for detail in _of(digest, entry)}


def _of(digest: str, entry: object) -> Iterator[TagInfo]:
    if not is_digest(digest) or not isinstance(entry, dict):
        return
    names = entry.get("tag")
    for name in names if isinstance(names, list) else ():
        if isinstance(name, str):
            yield TagInfo(
                name=name,
                digest=digest,
                pushed_at=from_milliseconds(entry.get("timeUploadedMs")),
                created_at=from_milliseconds(entry.get("timeCreatedMs")),
                size=_bytes(entry),
            )


def _bytes(entry: Mapping[str, Any]) -> int | None:
    text = str(entry.get("imageSizeBytes"))
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else None
