"""Lists the tags of a repository to its end, or fails: a pure flow over pages (distribution-spec, Listing
Tags).

Registries differ: some page by Link, some ignore `n`, some cut the list without saying so, some sort and some
do not. A list counts as whole when there is no Link and, if its length looks like a cut, asking for what
follows the last tag brings nothing new.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from pydantic_core import from_json

from slipway.egress import Headers, InvalidUrl
from slipway.http import join_url, origin_of
from slipway.oci.errors import InvalidResponse, ListingIncomplete
from slipway.oci.links import next_link
from slipway.oci.reference import is_tag

__all__ = ["PAGE_SIZE", "Listing", "Page", "PageRefused", "PageRequest", "advance", "list_pages"]

PAGE_SIZE: Final = 1000
"""Tags asked for at once: what Amazon ECR and Azure take at most."""

MAX_PAGES: Final = 5000
MAX_TAGS: Final = 1_000_000
_CUT_MULTIPLE: Final = 50  # page sizes that servers choose themselves are multiples of it


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One page to get."""

    url: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it came, with status 200."""

    body: bytes = field(repr=False)
    headers: Headers = field(default_factory=Headers)


@dataclass(frozen=True, slots=True)
class PageRefused:
    """The server did not give this page: it knows no such position, or does not take so large a page."""

    status: int


Listing = Generator[PageRequest, Page | PageRefused, tuple[str, ...]]
"""A listing under way: yields what to get next, returns all tags."""


class _Tags:
    """The tags so far, in the order they came, each once."""

    def __init__(self) -> None:
        self._tags: dict[str, None] = {}

    def add(self, tags: list[str]) -> bool:
        """Takes a page of tags; whether one of them was new."""
        before = len(self._tags)
        self._tags.update(dict.fromkeys(tags))
        if len(self._tags) > MAX_TAGS:
            msg = f"the repository has more than {MAX_TAGS} tags"
            raise ListingIncomplete(msg)
        return len(self._tags) > before

    def result(self) -> tuple[str, ...]:
        return tuple(self._tags)


def advance(listing: Listing, page: Page | PageRefused) -> PageRequest | tuple[str, ...]:
    """Hands the listing its page; gives the next request, or at the end all tags.

    Raises:
        RegistryError: what the listing raises.
    """
    try:
        return listing.send(page)
    except StopIteration as done:
        tags: tuple[str, ...] = done.value
        return tags


def list_pages(url: str, page_size: int = PAGE_SIZE) -> Listing:
    """All tags, in the order of the server, each once.

    Args:
        url: The address of tags/list, without a query.
        page_size: What to ask for; left out once a server refuses it.

    Raises:
        ListingIncomplete: when the pages go in a circle, lead elsewhere, vanish, or do not end.
        InvalidResponse: when a page is not a list of tags.
    """
    first = f"{url}?{urlencode({'n': page_size})}"
    answer = yield PageRequest(first)
    if isinstance(answer, PageRefused):
        first = url
        answer = yield PageRequest(first)
    for attempt in (1, 2):
        if isinstance(answer, PageRefused):
            break
        tags = yield from _walk(first, url, page_size, answer)
        if tags is not None:
            return tags
        if (
            attempt == 1
        ):  # the tag that a page was to start after has been deleted meanwhile: once more from the start
            answer = yield PageRequest(first)
    msg = f"the tags at {url} could not be listed to the end: a page vanished while reading"
    raise ListingIncomplete(msg)


def _walk(
    first: str, base: str, page_size: int, page: Page
) -> Generator[PageRequest, Page | PageRefused, tuple[str, ...] | None]:
    """Follows the pages; None when one of them is refused."""
    tags, visited, current = _Tags(), {first}, first
    while True:
        names, length = _names(page)
        fresh = tags.add(names)
        following = _following(current, page)
        if following is None:
            if not names or not fresh or not _may_be_cut(length, page_size):
                return tags.result()
            following = f"{base}?{urlencode({'n': page_size, 'last': names[-1]})}"
        if following in visited or len(visited) >= MAX_PAGES:
            msg = f"the pages of {base} go in a circle, or there are more than {MAX_PAGES}"
            raise ListingIncomplete(msg)
        visited.add(following)
        answer = yield PageRequest(following)
        if isinstance(answer, PageRefused):
            return None
        page, current = answer, following


def _may_be_cut(length: int, page_size: int) -> bool:
    return length == page_size or (length >= _CUT_MULTIPLE and length % _CUT_MULTIPLE == 0)


def _following(current: str, page: Page) -> str | None:
    """The next page that the Link header names, which must be of the same origin: our token goes there."""
    try:
        link = next_link(page.headers.all("link"))
        if link is None:
            return None
        target = join_url(current, link)
    except (ValueError, InvalidUrl) as error:
        msg = f"the Link to the next page of {current} is malformed"
        raise ListingIncomplete(msg) from error
    if origin_of(target) != origin_of(current):
        msg = f"{current} names a next page on another host ({origin_of(target)}), which is not followed"
        raise ListingIncomplete(msg)
    return target


def _names(page: Page) -> tuple[list[str], int]:
    """The tags of a page without what can be no tag, such as digests; and how many entries it had in all."""
    try:
        body: Any = from_json(page.body)
    except ValueError as error:
        msg = "the registry answered with a tag list that is not JSON"
        raise InvalidResponse(msg) from error
    listed = body.get("tags") if isinstance(body, dict) else body
    if listed is None and isinstance(body, dict):
        return [], 0
    if not isinstance(listed, list) or not all(entry is None or isinstance(entry, str) for entry in listed):
        msg = "the registry answered with something else than a list of tags"
        raise InvalidResponse(msg)
    return [entry for entry in listed if entry is not None and is_tag(entry)], len(listed)
