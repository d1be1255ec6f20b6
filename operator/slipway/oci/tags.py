"""Carries the listing of tags over the network; `listing.py` decides what to ask and when it is whole."""

from __future__ import annotations

import asyncio
from typing import Final

from slipway.egress import EndpointClass, Response
from slipway.oci.answers import Subject, is_html, not_a_registry
from slipway.oci.auth import repository_scope
from slipway.oci.errors import ListingIncomplete
from slipway.oci.listing import Page, PageRefused, PageRequest, advance, list_pages
from slipway.oci.session import Ask, RegistrySession, off_loop

__all__ = ["Tags"]

_PATIENCE: Final = 10  # times the time-out of one request


class Tags:
    """The tags of one registry's repositories."""

    def __init__(self, session: RegistrySession, timeout: float) -> None:
        self._session = session
        self._timeout = timeout * _PATIENCE

    async def list(self, repository: str) -> tuple[str, ...]:
        """All tags, or an error."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._list(repository)
        except TimeoutError as error:
            msg = f"the tags of {repository} could not be listed to the end in {self._timeout:g} s"
            raise ListingIncomplete(msg) from error

    async def _list(self, repository: str) -> tuple[str, ...]:
        flow = list_pages(f"{self._session.base}/v2/{repository}/tags/list")
        step: PageRequest | tuple[str, ...] = next(flow)
        is_first = True
        while isinstance(step, PageRequest):
            ask = Ask(
                "GET",
                step.url,
                (repository_scope(repository),),
                {"Accept": "application/json"},
                endpoint=EndpointClass.TAGS,
            )
            response = await self._session.send(ask)
            page = self._page(response, step.url, repository, is_first=is_first)
            step = await off_loop(len(response.body), advance, flow, page)
            is_first = False
        return step

    def _page(self, response: Response, url: str, repository: str, *, is_first: bool) -> Page | PageRefused:
        if response.status == 200:
            if is_html(response):
                raise not_a_registry(self._session.origin)
            return Page(response.body, response.headers)
        # Too large a page is 400 or 405; a tag to start after that was deleted meanwhile is 400 or 404.
        is_position = response.status in {400, 405, 416} or (response.status == 404 and not is_first)
        if is_position and "?" in url:
            return PageRefused(response.status)
        raise self._session.refusal(response, Subject.TAGS, repository)
