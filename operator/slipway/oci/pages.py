"""The pages of a list: what is asked for, what comes back, and which page follows.

Registries write the Link to the next page (RFC 8288; distribution-spec, Listing Tags) in ways of their own:
relative or absolute, with an opaque position (Quay), without the prefix that a virtual repository has
(Artifactory), or asking for pages of nothing (GHCR's catalogue). Whatever it says, it never leads to another
origin, for the credential goes where the pages are.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from slipway.egress import Headers, InvalidUrl
from slipway.http import join_url, origin_of
from slipway.oci.errors import ListingIncomplete
from slipway.oci.links import next_link

__all__ = ["PAGE_SIZE", "Page", "PageFlow", "PageRefused", "PageRequest", "Trail", "advance"]

PAGE_SIZE: Final = 1000
"""Entries asked for at once: what Amazon ECR and Azure take at most."""

MAX_PAGES: Final = 5000
MAX_BYTES: Final = 64 * 1024 * 1024

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One page to get."""

    url: str

    is_start: bool = False
    """Whether the list begins with it, rather than after some entry."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it came, with status 200."""

    body: bytes = field(repr=False)
    headers: Headers = field(default_factory=Headers)


@dataclass(frozen=True, slots=True)
class PageRefused:
    """The server did not give this page: it knows no such position or list, or takes no page so large."""

    status: int


PageFlow = Generator[PageRequest, Page | PageRefused, _Result]
"""A list being read: yields what to get next, returns what all pages come to."""


def advance(flow: PageFlow[_Result], answer: Page | PageRefused) -> PageRequest | _Result:
    """Hands the flow its page; gives the next request, or what all pages come to.

    Raises:
        RegistryError: what the flow raises.
    """
    try:
        return flow.send(answer)
    except StopIteration as done:
        result: _Result = done.value
        return result


class Trail:
    """The pages of one list so far; ends what goes in a circle and what does not end.

    Args:
        base: The address of the list, without a query.
        page_size: What is asked for where a Link names no position of its own; None leaves it to the server.
    """

    def __init__(self, base: str, page_size: int | None = PAGE_SIZE) -> None:
        self._base = base
        self._size = {} if page_size is None else {"n": str(page_size)}
        self._visited: set[str] = set()
        self._bytes = 0

    def enter(self, url: str) -> PageRequest:
        """The request for a page.

        Raises:
            ListingIncomplete: when it was asked for before, or there were too many.
        """
        if url in self._visited or len(self._visited) >= MAX_PAGES:
            msg = f"the pages of {self._base} go in a circle, or there are more than {MAX_PAGES}"
            raise ListingIncomplete(msg)
        self._visited.add(url)
        return PageRequest(url, is_start=len(self._visited) == 1)

    def take(self, page: Page) -> None:
        """Counts what came.

        Raises:
            ListingIncomplete: when the pages together are too large.
        """
        self._bytes += len(page.body)
        if self._bytes > MAX_BYTES:
            msg = f"the pages of {self._base} have more than {MAX_BYTES >> 20} MiB in all"
            raise ListingIncomplete(msg)

    def after(self, last: str) -> str:
        """The page that follows an entry, for servers that name none."""
        return f"{self._base}?{urlencode({**self._size, 'last': last})}"

    def following(self, current: str, page: Page) -> str | None:
        """The page that the Link of this one names; None when there is no such Link.

        Raises:
            ListingIncomplete: when it cannot be read, or leads to another origin.
        """
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
        return self._mended(target)

    def _mended(self, target: str) -> str:
        """The target with our own path where it has another one, and our page size where it has none."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if query.get("last") and parts.path != urlsplit(self._base).path:
            return self.after(query["last"])
        if query.get("n") == "0":
            del query["n"]
            return f"{target.partition('?')[0]}?{urlencode({**self._size, **query})}"
        return target
