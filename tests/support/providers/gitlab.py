"""GitLab's registry with its own API, and GitLab's API 4, on one host.

https://gitlab.com/gitlab-org/container-registry/-/blob/master/docs/spec/gitlab/api.md and
https://docs.gitlab.com/api/container_registry/. Oddities: tokens come from `/jwt/auth`, and none for
everything below a path; `updated_at` is there only after an update; Links are absolute and come with one
backwards.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from typing_extensions import override

from slipway.oci.providers.access import Access
from slipway.oci.providers.gitlab import GitLab
from tests.support.providers.fake import EPOCH, PASSWORD, FakeVendor, StoredTag, json_reply
from tests.support.raw_server import Reply, Seen

__all__ = ["FakeGitLab"]

_TAGS = re.compile(r"/gitlab/v1/repositories/(.+)/tags/list/")
_BELOW = re.compile(r"/gitlab/v1/repository-paths/(.+)/repositories/list/")
_RAILS = re.compile(r"/api/v4/(groups|projects)/([^/]+)/registry/repositories")
_TOKEN = "registry-token"


@dataclass
class FakeGitLab(FakeVendor):
    below: bool = True
    """Whether the registry gives tokens for everything below a path."""

    kind: str = "groups"
    """What the project of the Registry is to GitLab."""

    @override
    def product(self, access: Access, url: str) -> GitLab:
        return GitLab(access, url, url)

    @override
    def is_listing(self, seen: Seen) -> bool:
        return seen.path != "/jwt/auth"

    @override
    def authorized(self, seen: Seen) -> bool:
        return seen.headers.get("authorization") in {f"Bearer {_TOKEN}", f"Bearer {PASSWORD}"}

    @override
    def unauthorized(self) -> Reply:
        challenge = f'Bearer realm="{self.url}/jwt/auth",service="container_registry"'
        return json_reply({"errors": []}, 401, [("WWW-Authenticate", challenge)])

    @override
    def answer(self, path: str, query: dict[str, str], seen: Seen) -> Reply | None:
        if path == "/jwt/auth":
            pair = base64.b64encode(f"robot:{PASSWORD}".encode()).decode()
            is_known = seen.headers.get("authorization") == f"Basic {pair}"
            return json_reply({"token": _TOKEN}, 200 if is_known else 403)
        if found := _TAGS.fullmatch(path):
            tags = self.repositories.get(found[1])
            return None if tags is None else self._page(path, [_tag(tag) for tag in tags], "name", query)
        if found := _BELOW.fullmatch(path):
            return self._page(path, self._inside(found[1]), "path", query) if self.below else None
        if (found := _RAILS.fullmatch(path)) and found[1] == self.kind:
            return json_reply(self._inside(unquote(found[2])))
        return None

    def _inside(self, base: str) -> list[dict[str, Any]]:
        return [
            {"name": name.rpartition("/")[2], "path": name, "created_at": _moment(StoredTag(""))}
            for name in sorted(self.repositories)
            if name == base or name.startswith(f"{base}/")
        ]

    def _page(self, path: str, entries: list[dict[str, Any]], marker: str, query: dict[str, str]) -> Reply:
        length = min(int(query.get("n", "100")), self.page_size or 1000)
        ordered = sorted(entries, key=lambda entry: str(entry[marker]))
        rest = [entry for entry in ordered if entry[marker] > query.get("last", "")]
        page = rest[:length]
        if len(rest) <= length and not self.following:
            return json_reply(page)
        following = self.following or f"{self.url}{path}?n={length}&last={page[-1][marker]}"
        back = f'<{self.url}{path}?n={length}&before={page[0][marker] if page else ""}>; rel="previous"'
        return json_reply(page, headers=[("Link", f'{back}, <{following}>; rel="next"')])


def _moment(tag: StoredTag) -> str:
    return tag.pushed.strftime("%Y-%m-%dT%H:%M:%S.412Z")


def _tag(tag: StoredTag) -> dict[str, Any]:
    created = EPOCH.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    updated = {} if tag.pushed == EPOCH else {"updated_at": _moment(tag)}
    return {
        "name": tag.name,
        "digest": tag.stored_digest,
        "config_digest": f"sha256:{'0' * 64}",
        "media_type": "application/vnd.oci.image.manifest.v1+json",
        "size_bytes": 286734237,
        "created_at": created,
        **updated,
        "published_at": _moment(tag),
    }
