"""Quay's API 1 (https://docs.redhat.com/en/documentation/red_hat_quay/3/html/red_hat_quay_api_reference/).

Oddities: at most 100 tags a page; `has_additional` instead of a total; repositories by an opaque `next_page`;
times as seconds and as the date of a mail; a private repository is 401 to whoever has no OAuth token.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Any

from typing_extensions import override

from slipway.oci.credentials import Credential
from slipway.oci.providers.access import Access
from slipway.oci.providers.quay import Quay
from tests.support.providers.fake import PASSWORD, FakeVendor, StoredTag, json_reply
from tests.support.raw_server import Reply, Seen

__all__ = ["FakeQuay"]

_TAGS = re.compile(r"/api/v1/repository/(.+)/tag/")


@dataclass
class FakeQuay(FakeVendor):
    credential = Credential.bearer(PASSWORD)

    @override
    def product(self, access: Access, url: str) -> Quay:
        return Quay(access, url)

    @override
    def authorized(self, seen: Seen) -> bool:
        return seen.headers.get("authorization") == f"Bearer {PASSWORD}"

    @override
    def answer(self, path: str, query: dict[str, str], seen: Seen) -> Reply | None:
        if path == "/api/v1/repository":
            return self._repositories(query)
        found = _TAGS.fullmatch(path)
        tags = self.repositories.get(found[1]) if found else None
        if tags is None or query.get("onlyActiveTags") != "true":
            return None
        page, length = self.cut([_tag(tag) for tag in reversed(tags)], query, "limit", 100)
        number = int(query["page"])
        return json_reply({"tags": page, "page": number, "has_additional": number * length < len(tags)})

    def _repositories(self, query: dict[str, str]) -> Reply:
        names = [name for name in self.repositories if name.startswith(f"{query['namespace']}/")]
        start = int(query.get("next_page", "t0")[1:])
        end = start + (self.page_size or 100)
        body: dict[str, Any] = {"repositories": [_repository(name) for name in names[start:end]]}
        if end < len(names):
            body["next_page"] = f"t{end}"
        return json_reply(body)


def _repository(name: str) -> dict[str, Any]:
    namespace, _, bare = name.partition("/")
    return {"namespace": namespace, "name": bare, "is_public": True, "kind": "image", "last_modified": None}


def _tag(tag: StoredTag) -> dict[str, Any]:
    return {
        "name": tag.name,
        "reversion": False,
        "start_ts": int(tag.pushed.timestamp()),
        "manifest_digest": tag.stored_digest,
        "is_manifest_list": True,
        "size": None,
        "last_modified": format_datetime(tag.pushed),
    }
