"""Azure Container Registry's API (https://learn.microsoft.com/en-us/rest/api/containerregistry/).

Oddities: at most 1,000 entries whatever `n` says; the Link to the next page is relative; times have seven
digits behind the point; it takes the registry's own tokens, with scopes of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote

from typing_extensions import override

from slipway.oci.credentials import Credential
from slipway.oci.providers.access import Access
from slipway.oci.providers.acr import ACR
from tests.support.providers.fake import PASSWORD, FakeVendor, StoredTag, json_reply
from tests.support.raw_server import Reply, Seen

__all__ = ["FakeAcr"]

_TAGS = re.compile(r"/acr/v1/(.+)/_tags")
_MOST = 1000


@dataclass
class FakeAcr(FakeVendor):
    locked: frozenset[str] = frozenset()
    """Tags with a write lock."""

    credential = Credential.bearer(PASSWORD)

    scopes: str = ""
    """What the last token was asked for."""

    @override
    def product(self, access: Access, url: str) -> ACR:
        return ACR(access, url)

    @override
    def is_listing(self, seen: Seen) -> bool:
        return seen.path.startswith("/acr/v1/")

    @override
    def authorized(self, seen: Seen) -> bool:
        return seen.headers.get("authorization") == "Bearer acr-access-token"

    @override
    def unauthorized(self) -> Reply:
        challenge = f'Bearer realm="{self.url}/oauth2/token",service="shop.azurecr.io"'
        return json_reply({}, 401, [("WWW-Authenticate", challenge)])

    @override
    def answer(self, path: str, query: dict[str, str], seen: Seen) -> Reply | None:
        if path == "/oauth2/token":
            return self._token(seen)
        if path == "/acr/v1/_catalog":
            names, headers = self._page(path, sorted(self.repositories), query)
            return json_reply({"repositories": names}, headers=headers)
        found = _TAGS.fullmatch(path)
        if found is None or found[1] not in self.repositories:
            return None
        tags = {tag.name: tag for tag in self.repositories[found[1]]}
        names, headers = self._page(path, sorted(tags), query)
        listed = [self._tag(tags[name]) for name in names]
        body = {"registry": "shop.azurecr.io", "imageName": found[1], "tags": listed}
        return json_reply(body, headers=headers)

    def _token(self, seen: Seen) -> Reply:
        form = {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
        if form.get("refresh_token") != PASSWORD:
            return json_reply({"errors": [{"code": "UNAUTHORIZED"}]}, 401)
        self.scopes = form["scope"]
        return json_reply({"access_token": "acr-access-token"})

    def _page(
        self, path: str, names: list[str], query: dict[str, str]
    ) -> tuple[list[str], list[tuple[str, str]]]:
        length = min(int(query["n"]), self.page_size or _MOST, _MOST)
        rest = [name for name in names if name > query.get("last", "")]
        page = rest[:length]
        if len(page) == len(rest) and not self.following:
            return page, []
        following = self.following or f"{path}?last={quote(page[-1])}&n={query['n']}&orderby="
        return page, [("Link", f'<{following}>; rel="next"')]

    def _tag(self, tag: StoredTag) -> dict[str, Any]:
        attributes = {"deleteEnabled": True, "writeEnabled": tag.name not in self.locked, "readEnabled": True}
        return {
            "name": tag.name,
            "digest": tag.stored_digest,
            "createdTime": "2025-12-31T00:00:00.1234567Z",
            "lastUpdateTime": tag.pushed.strftime("%Y-%m-%dT%H:%M:%S.1234567Z"),
            "signed": False,
            "changeableAttributes": {**attributes, "listEnabled": True},
        }
