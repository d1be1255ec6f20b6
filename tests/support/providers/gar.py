"""Google Artifact Registry: its tags/list, and its API.

https://docs.cloud.google.com/artifact-registry/docs/reference/rest. Oddities: no page follows the first
10,000 tags, and nothing says so; 64-bit numbers are texts in one generation of the registry and numbers in
the other; empty lists are left out by the API.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from typing_extensions import override

from slipway.oci.credentials import Credential
from slipway.oci.providers.access import Access
from slipway.oci.providers.gar import GAR
from tests.support.providers.fake import PASSWORD, FakeVendor, json_reply
from tests.support.raw_server import Reply, Seen

__all__ = ["FakeGar"]

_LIST = re.compile(r"/v2/(.+)/tags/list")
_PARENT = "/v1/projects/{}/locations/europe-west4/repositories"
_REPOSITORIES = re.compile(_PARENT.format("([^/]+)"))
_PACKAGES = re.compile(_PARENT.format("([^/]+)") + "/([^/]+)/packages")
_TAGS = re.compile(_PARENT.format("([^/]+)") + "/([^/]+)/packages/([^/]+)/tags")


@dataclass
class FakeGar(FakeVendor):
    most: int = 10_000
    """Tags that tags/list gives at most."""

    as_text: bool = False
    """Whether times are texts, as Container Registry has them."""

    credential = Credential.basic("oauth2accesstoken", PASSWORD)

    @override
    def product(self, access: Access, url: str) -> GAR:
        return GAR(access, url, registry=url, location="europe-west4")

    @override
    def is_listing(self, seen: Seen) -> bool:
        return seen.path.endswith("/tags/list") or seen.path.startswith("/v1/")

    @override
    def authorized(self, seen: Seen) -> bool:
        return seen.headers.get("authorization") in {"Bearer registry-token", f"Bearer {PASSWORD}"}

    @override
    def unauthorized(self) -> Reply:
        challenge = f'Bearer realm="{self.url}/v2/token",service="europe-west4-docker.pkg.dev"'
        return json_reply({}, 401, [("WWW-Authenticate", challenge)])

    @override
    def answer(self, path: str, query: dict[str, str], seen: Seen) -> Reply | None:
        if path == "/v2/token":
            pair = base64.b64encode(f"oauth2accesstoken:{PASSWORD}".encode()).decode()
            is_ours = seen.headers.get("authorization") == f"Basic {pair}"
            return json_reply({"token": "registry-token"} if is_ours else {}, 200 if is_ours else 401)
        if found := _LIST.fullmatch(path):
            return self._list(found[1], query)
        if found := _TAGS.fullmatch(path):
            return self._tags("/".join((found[1], found[2], unquote(found[3]))), path, query)
        if found := _PACKAGES.fullmatch(path):
            return self._packages(f"{found[1]}/{found[2]}", path, query)
        if found := _REPOSITORIES.fullmatch(path):
            return self._repositories(found[1], path, query)
        return None

    def _list(self, name: str, query: dict[str, str]) -> Reply | None:
        tags = self.repositories.get(name)
        if tags is None:
            return None
        shown = tags[: min(self.most, int(query["n"]))]
        manifests: dict[str, dict[str, Any]] = {}
        for tag in shown:
            uploaded = int(tag.pushed.timestamp() * 1000)
            fresh: dict[str, Any] = {
                "imageSizeBytes": "1024",
                "layerId": "",
                "mediaType": "application/vnd.oci.image.index.v1+json",
                "tag": [],
                "timeCreatedMs": "0",
                "timeUploadedMs": str(uploaded) if self.as_text else uploaded,
            }
            manifests.setdefault(tag.stored_digest, fresh)["tag"].append(tag.name)
        names = [tag.name for tag in shown]
        return json_reply({"child": [], "manifest": manifests, "name": name, "tags": names})

    def _tags(self, name: str, path: str, query: dict[str, str]) -> Reply:
        parent = path.removeprefix("/v1/").removesuffix("/tags")
        entries = [
            {"name": f"{parent}/tags/{tag.name}", "version": f"{parent}/versions/{tag.stored_digest}"}
            for tag in self.repositories[name]
        ]
        return self._page("tags", entries, query)

    def _packages(self, parent: str, path: str, query: dict[str, str]) -> Reply:
        inside = [one.removeprefix(f"{parent}/") for one in self.repositories if one.startswith(f"{parent}/")]
        entries = [
            {
                "name": f"{path.removeprefix('/v1/')}/{quote(one, safe='')}",
                "updateTime": "2026-01-01T00:00:00Z",
            }
            for one in inside
        ]
        return self._page("packages", entries, query)

    def _repositories(self, project: str, path: str, query: dict[str, str]) -> Reply:
        names = dict.fromkeys(one.split("/")[1] for one in self.repositories if one.startswith(f"{project}/"))
        entries = [{"name": f"{path.removeprefix('/v1/')}/{one}", "format": "DOCKER"} for one in names]
        entries.append({"name": f"{path.removeprefix('/v1/')}/wheels", "format": "PYTHON"})
        return self._page("repositories", entries, query)

    def _page(self, name: str, entries: list[dict[str, Any]], query: dict[str, str]) -> Reply:
        length = min(int(query["pageSize"]), self.page_size or 1000)
        start = int(query.get("pageToken", "0"))
        body: dict[str, Any] = {name: entries[start : start + length]} if entries else {}
        if start + length < len(entries):
            body["nextPageToken"] = str(start + length)
        return json_reply(body)
