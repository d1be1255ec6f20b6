"""One registry as a command reads it."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.cli.reading import KnownRegistry
from slipway.cli.translation import translated
from slipway.kinds.outside import Outside
from slipway.kinds.registry.access import Access
from slipway.oci.errors import ManifestNotFound
from slipway.oci.results import RepositoryCatalog, TagsList

__all__ = ["ReadRegistry"]


@dataclass(frozen=True, slots=True)
class ReadRegistry:
    """Implements `slipway.cli.reading.OpenRegistry`."""

    known: KnownRegistry | None
    access: Access
    outside: Outside

    @property
    def host(self) -> str:
        """As image references name it."""
        return self.access.host

    async def repositories(self) -> RepositoryCatalog:
        """All repositories below the Registry's project."""
        with translated():
            return await self.access.provider.list_repositories()

    async def tags(self, repository: str) -> TagsList:
        """All tags of a repository."""
        with translated():
            return await self.outside.lookups.tags(self.access, repository, self.outside.clock.now())

    async def digest(self, repository: str, tag: str) -> str | None:
        """What a tag points at, or pointed at when another command asked less than five minutes ago."""
        access = self.access
        known = await self.outside.cache.fresh_tag(access.host, repository, tag, access.credential_id)
        if known is not None:
            return known.digest
        with translated():
            try:
                return await self.outside.lookups.digest(access, repository, tag, self.outside.clock.now())
            except ManifestNotFound:
                return None
