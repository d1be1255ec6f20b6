"""Lists tags or repositories to the end, or fails: a pure flow over pages (distribution-spec, Listing Tags;
distribution, Catalog).

Registries differ: some page by Link, some ignore `n`, some cut the list without saying so, some sort and some
do not. A list counts as whole when there is no Link to a next page. Where there never was one, and the length
looks like a cut, asking for what follows the last entry must bring nothing new.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from pydantic_core import from_json

from slipway.oci.errors import InvalidResponse, ListingIncomplete
from slipway.oci.google import tag_details
from slipway.oci.pages import PAGE_SIZE, Page, PageFlow, PageRefused, PageRequest, Trail
from slipway.oci.reference import is_repository, is_tag
from slipway.oci.results import TagInfo

__all__ = ["REPOSITORIES", "TAGS", "ListKind", "Listed", "list_pages"]

MAX_ENTRIES: Final = 500_000
# Page sizes that servers choose themselves are multiples of it: 100 in GHCR, Quay and Gitea, 1000 in Azure.
_CUT_MULTIPLE: Final = 100


@dataclass(frozen=True, slots=True)
class ListKind:
    """What is listed."""

    key: str
    """Under which the entries stand in a page, and what messages call them."""

    is_name: Callable[[str], bool]
    """Whether an entry can be a name; some registries list digests among tags."""


TAGS: Final = ListKind("tags", is_tag)
REPOSITORIES: Final = ListKind("repositories", is_repository)


@dataclass(frozen=True, slots=True)
class Listed:
    """All names, in the order of the server, each once, and what some servers tell of tags beside them."""

    names: tuple[str, ...]
    details: Mapping[str, TagInfo] = field(default_factory=dict)


class _Entries:
    """The entries so far, in the order they came, each once."""

    def __init__(self, kind: ListKind) -> None:
        self._kind = kind
        self._names: dict[str, None] = {}
        self._others: set[str] = set()
        self._details: dict[str, TagInfo] = {}

    def add(self, content: _Content) -> bool:
        """Takes a page of them; whether one was new."""
        before = len(self._names) + len(self._others)
        for entry in content.entries:
            if self._kind.is_name(entry):
                self._names[entry] = None
            else:
                self._others.add(entry)
        self._details.update(content.details)
        after = len(self._names) + len(self._others)
        if after > MAX_ENTRIES:
            msg = f"the registry lists more than {MAX_ENTRIES} {self._kind.key}"
            raise ListingIncomplete(msg)
        return after > before

    def result(self) -> Listed:
        return Listed(tuple(self._names), self._details)


def list_pages(url: str, kind: ListKind = TAGS, page_size: int = PAGE_SIZE) -> PageFlow[Listed]:
    """All names, in the order of the server, each once.

    Args:
        url: The address of the list, without a query.
        kind: What is listed there.
        page_size: What to ask for; left out once a server refuses it.

    Raises:
        ListingIncomplete: when the pages go in a circle, lead elsewhere, vanish, or do not end.
        InvalidResponse: when a page is no such list.
    """
    size: int | None = page_size
    first = f"{url}?{urlencode({'n': page_size})}"
    answer = yield PageRequest(first, is_start=True)
    if isinstance(answer, PageRefused):
        first, size = url, None
        answer = yield PageRequest(first, is_start=True)
    for attempt in (1, 2):
        if isinstance(answer, PageRefused):
            break
        listed = yield from _walk(first, Trail(url, size), kind, size, answer)
        if listed is not None:
            return listed
        if attempt == 1:  # the entry that a page was to start after has been deleted meanwhile
            answer = yield PageRequest(first, is_start=True)
    msg = f"the {kind.key} at {url} could not be listed to the end: a page vanished while reading"
    raise ListingIncomplete(msg)


def _walk(
    first: str, trail: Trail, kind: ListKind, page_size: int | None, page: Page
) -> Generator[PageRequest, Page | PageRefused, Listed | None]:
    """Follows the pages; None when one of them is refused."""
    entries, request, names_next = _Entries(kind), trail.enter(first), False
    while True:
        trail.take(page)
        content = _content(page, kind)
        is_fresh = entries.add(content)
        following = trail.following(request.url, page)
        names_next = names_next or following is not None
        if following is None:
            if names_next or not is_fresh or not content.may_be_cut(page_size):
                return entries.result()
            following = trail.after(content.entries[-1])
        request = trail.enter(following)
        answer = yield request
        if isinstance(answer, PageRefused):
            return None
        page = answer


@dataclass(frozen=True, slots=True)
class _Content:
    """What a page holds."""

    entries: list[str]
    length: int
    """How many entries there were, null ones as well."""

    details: Mapping[str, TagInfo]

    def may_be_cut(self, page_size: int | None) -> bool:
        """Whether there may be more, though no next page was named; Google's registries never cut."""
        is_round = self.length >= _CUT_MULTIPLE and self.length % _CUT_MULTIPLE == 0
        return not self.details and (self.length == page_size or is_round)


def _content(page: Page, kind: ListKind) -> _Content:
    try:
        body: Any = from_json(page.body, cache_strings="keys")  # names do not repeat: a third of the time
    except ValueError as error:
        msg = f"the registry answered with a list of {kind.key} that is not JSON"
        raise InvalidResponse(msg) from error
    listed = _listed(body, kind)
    entries = [entry for entry in listed if entry is not None]
    return _Content(entries, len(listed), tag_details(body) if kind is TAGS else {})


def _listed(body: Any, kind: ListKind) -> list[str | None]:
    """The entries of a page; some registries write null for an empty list, and for some of its entries."""
    listed = body.get(kind.key) if isinstance(body, dict) else body
    if listed is None and isinstance(body, dict):
        return []
    if not isinstance(listed, list) or not all(entry is None or isinstance(entry, str) for entry in listed):
        msg = f"the registry answered with something else than a list of {kind.key}"
        raise InvalidResponse(msg)
    return listed
