"""The tags of a repository (distribution-spec, Listing Tags)."""

from __future__ import annotations

from slipway.egress import Response
from slipway.oci.answers import Subject
from slipway.oci.auth import repository_scope
from slipway.oci.carrier import PageCarrier, judge_list
from slipway.oci.errors import RegistryError
from slipway.oci.habits import Habits
from slipway.oci.listing import TAGS, list_pages
from slipway.oci.results import TagsList
from slipway.oci.session import RegistrySession

__all__ = ["Tags"]


class Tags:
    """The tags of one registry's repositories."""

    def __init__(self, session: RegistrySession, timeout: float) -> None:
        self._session = session
        self._carrier = PageCarrier(session, timeout)
        self._habits = Habits()

    async def list(self, repository: str) -> TagsList:
        """All tags, or an error."""

        def refusal(response: Response) -> RegistryError:
            return self._session.refusal(response, Subject.TAGS, repository)

        flow = list_pages(f"{self._session.base}/v2/{repository}/tags/list", TAGS, habits=self._habits)
        judge = judge_list(refusal, self._session)
        scopes = (repository_scope(repository),)
        listed = await self._carrier.carry(flow, scopes, judge, f"the tags of {repository}")
        return TagsList(repository, listed.names, listed.details)
