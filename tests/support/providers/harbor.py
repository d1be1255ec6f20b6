"""Harbor's API 2.0 (https://github.com/goharbor/harbor/blob/main/api/v2.0/swagger.yaml).

Oddities: the name of a repository is encoded twice; one artifact has many tags, or null; zero times are those
of Go; a request without a right to the project is 401 or 403, and one for an unknown project 404 or 403.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from typing_extensions import override

from slipway.oci.providers.access import Access
from slipway.oci.providers.harbor import Harbor
from tests.support.providers.fake import PASSWORD, FakeVendor, StoredTag, json_reply
from tests.support.raw_server import Reply, Seen

__all__ = ["FakeHarbor"]

_ARTIFACTS = re.compile(r"/api/v2\.0/projects/([^/]+)/repositories/([^/]+)/artifacts")
_REPOSITORIES = re.compile(r"/api/v2\.0/(?:projects/([^/]+)/)?repositories")
_PAIR = base64.b64encode(f"robot:{PASSWORD}".encode()).decode()


@dataclass
class FakeHarbor(FakeVendor):
    immutable: bool = False

    @override
    def product(self, access: Access, url: str) -> Harbor:
        return Harbor(access, url)

    @override
    def authorized(self, seen: Seen) -> bool:
        return seen.headers.get("authorization") == f"Basic {_PAIR}"

    @override
    def answer(self, path: str, query: dict[str, str], seen: Seen) -> Reply | None:
        if found := _ARTIFACTS.fullmatch(path):
            tags = self.repositories.get(f"{found[1]}/{unquote(unquote(found[2]))}")
            if tags is None or query.get("q") != "tags=*":
                return None
            return self._page(self._artifacts(tags), query)
        if found := _REPOSITORIES.fullmatch(path):
            names = [
                name for name in self.repositories if name.startswith(f"{found[1]}/" if found[1] else "")
            ]
            return self._page([{"name": name, "artifact_count": 1} for name in names], query)
        return None

    def _page(self, entries: list[Any], query: dict[str, str]) -> Reply:
        page, _ = self.cut(entries, query, "page_size", 100)
        return json_reply(page, headers=[("X-Total-Count", str(len(entries)))])

    def _artifacts(self, tags: list[StoredTag]) -> list[dict[str, Any]]:
        by_digest: dict[str, list[StoredTag]] = {}
        for tag in tags:
            by_digest.setdefault(tag.stored_digest, []).append(tag)
        return [
            {
                "digest": digest,
                "type": "IMAGE",
                "size": 2048,
                "push_time": "0001-01-01T00:00:00.000Z",
                "extra_attrs": {"architecture": "amd64", "created": "2025-12-31T00:00:00Z", "os": "linux"},
                "tags": [
                    {"name": one.name, "push_time": _moment(one), "immutable": self.immutable}
                    for one in pointing
                ],
            }
            for digest, pointing in by_digest.items()
        ]


def _moment(tag: StoredTag) -> str:
    return tag.pushed.strftime("%Y-%m-%dT%H:%M:%S.000Z")
