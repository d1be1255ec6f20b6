"""The repositories of a registry (distribution, docs/spec/api.md, Catalog; not part of distribution-spec)."""

from __future__ import annotations

from typing import Final

from slipway.egress import Response
from slipway.oci.answers import Subject
from slipway.oci.carrier import PageCarrier, judge_list
from slipway.oci.errors import CatalogUnavailable, RegistryError
from slipway.oci.habits import Habits
from slipway.oci.listing import REPOSITORIES, list_pages
from slipway.oci.results import RepositoryCatalog, RepositoryInfo
from slipway.oci.session import RegistrySession

__all__ = ["Catalog"]

_SCOPE: Final = "registry:catalog:*"
_NOT_OFFERED: Final = frozenset({400, 404, 405, 410, 501})


class Catalog:
    """The repositories of one registry."""

    def __init__(self, session: RegistrySession, timeout: float) -> None:
        self._session = session
        self._carrier = PageCarrier(session, timeout)
        self._habits = Habits()

    async def list(self) -> RepositoryCatalog:
        """All repositories that the credential shows, or an error."""
        flow = list_pages(f"{self._session.base}/v2/_catalog", REPOSITORIES, habits=self._habits)
        judge = judge_list(self._refusal, self._session)
        what = f"the repositories of {self._session.origin}"
        listed = await self._carrier.carry(flow, (_SCOPE,), judge, what)
        return RepositoryCatalog(tuple(map(RepositoryInfo, listed.names)))

    def _refusal(self, response: Response) -> RegistryError:
        if response.status in _NOT_OFFERED:
            msg = f"{self._session.origin} does not list its repositories: name the repository you need"
            return CatalogUnavailable(msg)
        return self._session.refusal(response, Subject.CATALOG, "")
