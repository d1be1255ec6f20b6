"""Artifactory's query language and its catalogue of one repository.

https://jfrog.com/help/r/jfrog-rest-apis/artifactory-query-language. Oddities: the path of a tag is a folder,
and `$match` takes slashes, so that deeper images come along; an index and the manifest of one platform may
lie side by side; results that were cut say so in a `notification`; the Links of the catalogue lack the
prefix.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from slipway.oci.providers.access import Access
from slipway.oci.providers.artifactory import Artifactory
from tests.support.providers.fake import PASSWORD, FakeVendor, StoredTag, json_reply
from tests.support.raw_server import Reply, Seen

__all__ = ["FakeArtifactory"]

_CATALOG = re.compile(r"/artifactory/api/docker/([^/]+)/v2/_catalog")
_QUERY = re.compile(r"items\.find\((\{.*\})\)\.include\((.*)\)")
_PAIR = base64.b64encode(f"robot:{PASSWORD}".encode()).decode()


@dataclass
class FakeArtifactory(FakeVendor):
    limit: int = 1000
    """Rows of an answer at most."""

    @override
    def product(self, access: Access, url: str) -> Artifactory:
        return Artifactory(access, url)

    @override
    def is_listing(self, seen: Seen) -> bool:
        return True

    @override
    def authorized(self, seen: Seen) -> bool:
        return seen.headers.get("authorization") == f"Basic {_PAIR}"

    @override
    def answer(self, path: str, query: dict[str, str], seen: Seen) -> Reply | None:
        if found := _CATALOG.fullmatch(path):
            return self._catalog(found[1], query)
        asked = _QUERY.fullmatch(seen.body.decode())
        if path != "/artifactory/api/search/aql" or asked is None:
            return None
        wanted = json.loads(asked[1])
        within = f"{wanted['repo']}/{wanted['path']['$match'].removesuffix('*')}"
        rows = [
            row
            for name, tags in self.repositories.items()
            if f"{name}/".startswith(within)
            for tag in tags
            for row in _rows(name, tag)
        ]
        given = rows[: self.limit]
        limits: dict[str, Any] = {"start_pos": 0, "end_pos": len(given), "total": len(given)}
        if len(given) < len(rows):
            limits["notification"] = "AQL query reached the search hard limit, results are trimmed."
        return json_reply({"results": given, "range": limits})

    def _catalog(self, key: str, query: dict[str, str]) -> Reply | None:
        names = sorted(name.partition("/")[2] for name in self.repositories if name.startswith(f"{key}/"))
        if not names:
            return None
        rest = [name for name in names if name > query.get("last", "")]
        page = rest[: min(int(query["n"]), self.page_size or 1000)]
        link = [("Link", f'</v2/_catalog?last={page[-1]}&n={query["n"]}>; rel="next"')]
        return json_reply({"repositories": page}, headers=link if len(page) < len(rest) else [])


def _rows(name: str, tag: StoredTag) -> list[dict[str, Any]]:
    key, _, image = name.partition("/")
    moment = tag.pushed.strftime("%Y-%m-%dT%H:%M:%S.383+00:00")
    row = {"repo": key, "path": f"{image}/{tag.name}", "created": moment, "modified": moment}
    digest = tag.stored_digest.removeprefix("sha256:")
    return [
        {**row, "name": "list.manifest.json", "sha256": digest},
        {**row, "name": "manifest.json", "sha256": "0" * 64},
    ]
