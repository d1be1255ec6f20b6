"""Gitea and Forgejo: the packages API on the host of the registry.

https://docs.gitea.com/api/ and https://forgejo.org/docs/latest/user/api-usage/ (`GET /packages/{owner}`). A
row is one version of one package: a tag, or the digest of something untagged. It tells when the version was
made, which for a tag is when it was last pushed, but no digest. Pages have 50 rows unless the server was set
up otherwise. Repositories come from the catalogue of the registry, which does not list them once for each
tag.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from slipway.oci.providers.access import Access, basic, own_api
from slipway.oci.providers.api import Call, NotOffered
from slipway.oci.providers.fields import moment_in, name_in, objects_in
from slipway.oci.providers.paging import by_number, header_total, walk
from slipway.oci.results import RepositoryInfo, TagInfo

__all__ = ["Gitea"]


class Gitea:
    """Lists the versions of one package."""

    name = "Gitea"

    def __init__(self, access: Access, base: str | None = None) -> None:
        self._api = own_api(access, base or access.session.base, basic)

    async def repositories(self) -> list[RepositoryInfo]:
        """Nothing: the catalogue has it in fewer pages."""
        msg = "the catalogue is shorter"
        raise NotOffered(msg)

    async def tags(self, repository: str) -> list[TagInfo]:
        """The tags of a repository, without digests."""
        owner, _, package = repository.partition("/")
        query = f"type=container&q={quote(package, safe='')}&page=1&limit=100"
        call = Call(self._api.url(f"api/v1/packages/{owner}?{query}"))
        rows = await self._api.collect(
            walk(call, _rows, by_number, header_total), f"the tags of {repository}"
        )
        # `q` finds whatever contains the text; and nothing at all tells no unknown package from a hidden one.
        tags = [TagInfo(row.version, pushed_at=row.made) for row in rows if row.package == package]
        if not tags:
            msg = "no such package"
            raise NotOffered(msg)
        return tags


@dataclass(frozen=True, slots=True)
class _Row:
    package: str
    version: str
    made: datetime | None


def _rows(body: Any) -> list[_Row]:
    return [
        _Row(name_in(entry, "name"), name_in(entry, "version"), moment_in(entry, "created_at"))
        for entry in objects_in(body)
    ]
