"""GitHub's packages API (https://docs.github.com/en/rest/packages/packages).

Oddities: an owner is an organisation or a user, and the other one is 404; slashes in names are encoded;
versions without tags are listed, too; limits are 403 as often as 429; pages by Link.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from typing_extensions import override

from slipway.oci.credentials import Credential
from slipway.oci.providers.access import Access
from slipway.oci.providers.ghcr import GHCR
from tests.support.providers.fake import EPOCH, PASSWORD, FakeVendor, StoredTag, json_reply
from tests.support.raw_server import Reply, Seen

__all__ = ["FakeGitHub"]

_PATH = re.compile(r"/(orgs|users)/([^/]+)/packages(?:/container/([^/]+)/versions)?")


@dataclass
class FakeGitHub(FakeVendor):
    kind: str = "orgs"
    """What every owner here is."""

    untagged: int = 0
    """Versions without tags, after those with them."""

    credential = Credential.bearer(PASSWORD)

    @override
    def product(self, access: Access, url: str) -> GHCR:
        return GHCR(access, url)

    @override
    def authorized(self, seen: Seen) -> bool:
        return seen.headers.get("authorization") == f"Bearer {PASSWORD}"

    @override
    def answer(self, path: str, query: dict[str, str], seen: Seen) -> Reply | None:
        found = _PATH.fullmatch(path)
        if found is None or found[1] != self.kind:
            return None
        owner, package = found[2], found[3]
        if package is None:
            assert query["package_type"] == "container"
            names = [name for name in self.repositories if name.startswith(f"{owner}/")]
            return self._page(path, [_package(name) for name in names], query)
        tags = self.repositories.get(f"{owner}/{unquote(package)}")
        if tags is None:
            return None
        bare = [_version(n, f"sha256:{n:064x}", [], StoredTag("")) for n in range(self.untagged)]
        return self._page(path, [*_versions(tags), *bare], query)

    def _page(self, path: str, entries: list[Any], query: dict[str, str]) -> Reply:
        page, length = self.cut(entries, query, "per_page", 100)
        number = int(query.get("page", "1"))
        following = self.following or f"{self.url}{path}?per_page={query['per_page']}&page={number + 1}"
        if "package_type" in query and not self.following:
            following += f"&package_type={query['package_type']}"
        is_last = number * length >= len(entries) and not self.following
        link = [] if is_last else [("Link", f'<{following}>; rel="next", <{self.url}/last>; rel="last"')]
        return json_reply(page, headers=link)


def _package(name: str) -> dict[str, Any]:
    return {"id": 1, "name": name.partition("/")[2], "package_type": "container", "visibility": "private"}


def _versions(tags: list[StoredTag]) -> list[dict[str, Any]]:
    """The newest first."""
    return [
        _version(1000 + n, tag.stored_digest, [tag.name], tag) for n, tag in reversed(list(enumerate(tags)))
    ]


def _version(number: int, digest: str, tags: list[str], tag: StoredTag) -> dict[str, Any]:
    return {
        "id": number,
        "name": digest,
        "created_at": EPOCH.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "updated_at": tag.pushed.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "metadata": {"package_type": "container", "container": {"tags": tags}},
    }
