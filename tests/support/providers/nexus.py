"""The search of Nexus Repository (https://help.sonatype.com/en/search-api.html).

Oddities: 50 entries a page; an unknown image is an empty list; the token of the last page is null; an asset's
path begins with a slash or does not; the index lags behind.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from slipway.oci.providers.access import Access
from slipway.oci.providers.nexus import Nexus
from tests.support.providers.fake import PASSWORD, FakeVendor, StoredTag, json_reply
from tests.support.raw_server import Reply, Seen

__all__ = ["FakeNexus"]

_PAIR = base64.b64encode(f"robot:{PASSWORD}".encode()).decode()


@dataclass
class FakeNexus(FakeVendor):
    behind: int = 0
    """Tags that the index does not know yet."""

    @override
    def product(self, access: Access, url: str) -> Nexus:
        return Nexus(access, url)

    @override
    def authorized(self, seen: Seen) -> bool:
        return seen.headers.get("authorization") == f"Basic {_PAIR}"

    @override
    def answer(self, path: str, query: dict[str, str], seen: Seen) -> Reply | None:
        if path != "/service/rest/v1/search" or query.get("format") != "docker":
            return None
        tags = self.repositories.get(f"{query['repository']}/{query['name']}", [])
        known = [_component(query["name"], tag) for tag in tags[: len(tags) - self.behind]]
        start = int(query.get("continuationToken", "token-0").removeprefix("token-"))
        end = start + (self.page_size or 50)
        token = f"token-{end}" if end < len(known) else None
        return json_reply({"items": known[start:end], "continuationToken": token})


def _component(image: str, tag: StoredTag) -> dict[str, Any]:
    moment = tag.pushed.strftime("%Y-%m-%dT%H:%M:%S.030+00:00")
    manifest = {
        "path": f"/v2/{image}/manifests/{tag.name}",
        "format": "docker",
        "checksum": {"sha1": "0" * 40, "sha256": tag.stored_digest.removeprefix("sha256:")},
        "contentType": "application/vnd.oci.image.index.v1+json",
        "lastModified": moment,
        "blobCreated": moment,
    }
    other = {"path": "/v2/-/blobs/sha256:00", "checksum": {"sha256": "0" * 64}, "lastModified": None}
    return {
        "id": f"id-{tag.name}",
        "repository": "hosted",
        "format": "docker",
        "group": None,
        "name": image,
        "version": tag.name,
        "assets": [other, manifest],
    }
