"""Carries the pages of a list over the network; the flows decide what to ask and when it is whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from slipway.egress import EndpointClass, Response
from slipway.http import Deadline
from slipway.oci.answers import is_html, not_a_registry
from slipway.oci.errors import ListingIncomplete, RegistryError
from slipway.oci.pages import Page, PageFlow, PageRefused, PageRequest, advance
from slipway.oci.session import Ask, RegistrySession, off_loop

__all__ = ["Judge", "PageCarrier", "judge_list"]

_PATIENCE: Final = 10  # times the time-out of one request
_JSON: Final = "application/json"
_Result = TypeVar("_Result")

Judge = Callable[[Response, PageRequest], Page | PageRefused]
"""What an answer means for the flow; raises a `RegistryError` for what ends it."""


class PageCarrier:
    """Brings flows their pages from one registry.

    Args:
        session: The conversation with the registry.
        timeout: Seconds for one request; a whole list has ten times as many.
    """

    def __init__(self, session: RegistrySession, timeout: float) -> None:
        self._session = session
        self._timeout = timeout * _PATIENCE

    async def carry(
        self, flow: PageFlow[_Result], scopes: tuple[str, ...], judge: Judge, what: str, accept: str = _JSON
    ) -> _Result:
        """What all pages come to.

        Args:
            flow: Not begun yet.
            scopes: Of the token.
            judge: Tells pages from refusals.
            what: The list, for the words of an error.
            accept: Media type of the pages.

        Raises:
            ListingIncomplete: when the end was not reached in time.
            RegistryError: whatever the flow or the judge makes of the answers.
        """
        step: PageRequest | _Result = next(flow)
        whole = Deadline(self._timeout)
        while isinstance(step, PageRequest):
            if whole.left <= 0:
                msg = f"{what} could not be listed to the end in {self._timeout:g} s"
                raise ListingIncomplete(msg)
            ask = Ask("GET", step.url, scopes, {"Accept": accept}, endpoint=EndpointClass.TAGS, within=whole)
            response = await self._session.send(ask)
            step = await off_loop(len(response.body), advance, flow, judge(response, step))
        return step


def judge_list(refusal: Callable[[Response], RegistryError], registry: RegistrySession) -> Judge:
    """What an answer means for a list of names.

    Too large a page is refused with 400 or 405; one after an entry that was deleted meanwhile with 400
    (Harbor) or 404 (zot).
    """

    def judge(response: Response, request: PageRequest) -> Page | PageRefused:
        if response.status == 200:
            if is_html(response):
                raise not_a_registry(registry.origin)
            return Page(response.body, response.headers)
        is_position = response.status in {400, 405, 416} or (response.status == 404 and not request.is_start)
        if is_position and "?" in request.url:
            return PageRefused(response.status)
        raise refusal(response)

    return judge
