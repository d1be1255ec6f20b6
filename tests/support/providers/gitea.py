"""Gitea's and Forgejo's packages API (https://docs.gitea.com/api/).

Oddities: at most 50 rows a page whatever is asked for; `q` finds every name that contains the text, whatever
the case; digests without a tag are rows, too; an owner without packages has an empty list; Links are written
with the address that Gitea believes to have.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from slipway.oci.providers.access import Access
from slipway.oci.providers.gitea import Gitea
from tests.support.providers.fake import PASSWORD, FakeVendor, StoredTag, json_reply
from tests.support.raw_server import Reply, Seen

__all__ = ["FakeGitea"]

_PAIR = base64.b64encode(f"robot:{PASSWORD}".encode()).decode()


@dataclass
class FakeGitea(FakeVendor):
    @override
    def product(self, access: Access, url: str) -> Gitea:
        return Gitea(access, url)

    @override
    def authorized(self, seen: Seen) -> bool:
        return seen.headers.get("authorization") == f"Basic {_PAIR}"

    @override
    def answer(self, path: str, query: dict[str, str], seen: Seen) -> Reply | None:
        owner = path.removeprefix("/api/v1/packages/")
        if owner == path or "/" in owner or query.get("type") != "container":
            return None
        rows = [
            _row(owner, package, tag)
            for name, tags in self.repositories.items()
            for there, _, package in [name.partition("/")]
            if there == owner and query.get("q", "").lower() in package.lower()
            for tag in tags
        ]
        page, _ = self.cut(rows, query, "limit", 50)
        wrong = '<http://localhost:3000/api/v1/packages/shop?page=2>; rel="next"'
        return json_reply(page, headers=[("X-Total-Count", str(len(rows))), ("Link", wrong)])


def _row(owner: str, package: str, tag: StoredTag) -> dict[str, Any]:
    return {
        "id": 1,
        "owner": {"login": owner},
        "repository": None,
        "creator": {"login": "robot"},
        "type": "container",
        "name": package,
        "version": tag.name,
        "html_url": f"https://gitea.example.com/{owner}/-/packages/container/{package}/{tag.name}",
        "created_at": tag.pushed.strftime("%Y-%m-%dT%H:%M:%S+00:00"),
    }
