"""Docker Hub's API (https://docs.docker.com/reference/api/hub/latest/).

Oddities: pages past the end are 404; `next` is an absolute URL; tokens are JSON Web Tokens that end soon; a
tag without a digest is an old one.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from slipway.oci.providers.access import Access
from slipway.oci.providers.dockerhub import DockerHub
from tests.support.providers.fake import EPOCH, PASSWORD, FakeVendor, StoredTag, json_reply
from tests.support.raw_server import Reply, Seen

__all__ = ["FakeDockerHub"]

_PATH = re.compile(r"/v2/namespaces/([^/]+)/repositories(?:/([^/]+)/tags)?")


@dataclass
class FakeDockerHub(FakeVendor):
    tokens: int = 0
    """Given out so far."""

    lifetime: int = 600

    @override
    def product(self, access: Access, url: str) -> DockerHub:
        return DockerHub(access, url)

    @override
    def authorized(self, seen: Seen) -> bool:
        return seen.headers.get("authorization") == f"Bearer {self.token()}"

    @override
    def answer(self, path: str, query: dict[str, str], seen: Seen) -> Reply | None:
        if seen.method == "POST":
            return self._exchange(seen) if path == "/v2/auth/token" else None
        found = _PATH.fullmatch(path)
        if found is None:
            return None
        namespace, name = found.groups()
        if name is None:
            inside = [one for one in self.repositories if one.startswith(f"{namespace}/")]
            return self._page(path, [_repository(one) for one in inside], query) if inside else None
        tags = self.repositories.get(f"{namespace}/{name}")
        return None if tags is None else self._page(path, [_tag(tag) for tag in tags], query)

    def token(self) -> str:
        """The token that is valid now: a JSON Web Token as far as its claims."""
        claims = json.dumps({"exp": EPOCH.timestamp() + self.lifetime, "jti": self.tokens}).encode()
        return f"eyJ0.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.c2ln"

    def _exchange(self, seen: Seen) -> Reply:
        if json.loads(seen.body) != {"identifier": "robot", "secret": PASSWORD}:
            return json_reply({"detail": "Incorrect authentication credentials"}, 401)
        self.tokens += 1
        return json_reply({"access_token": self.token()})

    def _page(self, path: str, entries: list[Any], query: dict[str, str]) -> Reply | None:
        page, length = self.cut(entries, query, "page_size", 100)
        number = int(query.get("page", "1"))
        if not page and number > 1:
            return None
        is_last = number * length >= len(entries)
        rest = f"page={number + 1}&page_size={query['page_size']}&ordering={query.get('ordering', '')}"
        following = self.following or f"{self.url}{path}?{rest}"
        headers = [("X-RateLimit-Limit", "600"), ("X-RateLimit-Remaining", "599")]
        body = {
            "count": len(entries),
            "next": None if is_last and not self.following else following,
            "previous": None,
            "results": page,
        }
        return json_reply(body, headers=headers)


def _repository(name: str) -> dict[str, Any]:
    namespace, _, bare = name.partition("/")
    return {
        "name": bare,
        "namespace": namespace,
        "repository_type": "image",
        "description": "An image",
        "is_private": False,
        "pull_count": 7,
        "last_updated": EPOCH.isoformat().replace("+00:00", "Z"),
    }


def _tag(tag: StoredTag) -> dict[str, Any]:
    moment = tag.pushed.strftime("%Y-%m-%dT%H:%M:%S.123456Z")
    image = {"architecture": "amd64", "os": "linux", "digest": tag.stored_digest, "size": 1024}
    return {
        "name": tag.name,
        "digest": tag.stored_digest,
        "full_size": 1024,
        "images": [image],
        "last_updated": moment,
        "tag_last_pushed": moment,
        "tag_last_pulled": None,
        "tag_status": "active",
        "content_type": "image",
        "media_type": "application/vnd.oci.image.index.v1+json",
        "v2": True,
    }
