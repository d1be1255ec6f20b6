"""Anything that speaks the distribution API and has no other that is known (distribution-spec 1.1)."""

from __future__ import annotations

from slipway.oci.providers.access import Access
from slipway.oci.providers.product import below
from slipway.oci.reference import require_repository
from slipway.oci.results import RepositoryCatalog, TagsList

__all__ = ["Generic"]


class Generic:
    """Lists by the plain protocol: names, without digests and times."""

    name = "Generic"
    answers_by_api: bool | None = False

    def __init__(self, access: Access) -> None:
        self._plain = access.plain
        self._project = access.project

    async def list_repositories(self) -> RepositoryCatalog:
        """All repositories below the project; see `Provider`."""
        return below(self._project, await self._plain.list_repositories())

    async def list_tags(self, repository: str) -> TagsList:
        """All tags of a repository; see `Provider`."""
        return await self._plain.list_tags(require_repository(repository))
