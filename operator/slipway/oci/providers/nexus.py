"""Sonatype Nexus Repository: the search API on the host of the registry.

https://help.sonatype.com/en/search-api.html (`GET /service/rest/v1/search`, continuation tokens). Where
images are addressed as `<Nexus repository>/<image>`, on the port of Nexus itself, the search knows digests
and times. It looks into an index that may lag behind, so the names of tags come from the registry. Behind a
connector with a port of its own the API cannot be reached, and nothing tells the Nexus repository.
"""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import quote

from slipway.oci.digest import is_digest
from slipway.oci.providers.access import Access, basic, own_api
from slipway.oci.providers.api import Call, NotOffered
from slipway.oci.providers.fields import Version, agreed, moment_in, name_in, objects_in
from slipway.oci.providers.paging import by_token, walk
from slipway.oci.results import RepositoryInfo, TagInfo

__all__ = ["Nexus"]


class Nexus:
    """Lists the tags that the registry has, with what the search knows of them."""

    name = "Nexus"

    def __init__(self, access: Access, base: str | None = None) -> None:
        self._plain = access.plain
        self._api = own_api(access, base or access.session.base, basic)

    async def repositories(self) -> list[RepositoryInfo]:
        """Nothing: the search has an entry for each tag, the catalogue one for each repository."""
        msg = "the catalogue is shorter"
        raise NotOffered(msg)

    async def tags(self, repository: str) -> list[TagInfo]:
        """The tags of a repository."""
        hosted, slash, image = repository.partition("/")
        if not slash:
            msg = "nothing tells the Nexus repository"
            raise NotOffered(msg)
        query = f"repository={hosted}&format=docker&name={quote(image, safe='')}"
        call = Call(self._api.url(f"service/rest/v1/search?{query}"))
        flow = walk(call, partial(_components, image), by_token("continuationToken"))
        found = await self._api.collect(flow, f"the tags of {repository}")
        known = agreed(tag for version in found for tag in version.tags)
        if not known:
            msg = "the search knows no such image"
            raise NotOffered(msg)
        return [known.get(name) or TagInfo(name) for name in (await self._plain.list_tags(repository)).names]


def _components(image: str, body: Any) -> list[Version]:
    return [_component(image, entry) for entry in objects_in(body, "items")]


def _component(image: str, entry: dict[str, Any]) -> Version:
    name = name_in(entry, "version")
    key = f"{entry.get('id')} {name}"
    if name_in(entry, "name") != image:
        return Version(key)
    assets = objects_in(entry, "assets") if entry.get("assets") is not None else ()
    manifest = next((one for one in assets if str(one.get("path")).endswith(f"/manifests/{name}")), {})
    checksum = manifest.get("checksum")
    digest = f"sha256:{checksum.get('sha256')}" if isinstance(checksum, dict) else ""
    pushed = moment_in(manifest, "lastModified", "blobCreated")
    return Version(key, (TagInfo(name, digest if is_digest(digest) else None, pushed_at=pushed),))
