"""Lists tags or repositories to the end, or fails: a pure flow over pages (distribution-spec, Listing Tags;
distribution, Catalog).

Registries differ: some page by Link, some ignore `n`, some cut the list without saying so, some sort and some
do not. A list counts as whole when there is no Link to a next page. Where there never was one, asking for
what follows the last entry must bring nothing new, unless what the registry says of itself or did before
answers for it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from pydantic_core import from_json

from slipway.oci.answers import names_registry
from slipway.oci.errors import InvalidResponse, ListingIncomplete
from slipway.oci.google import tag_details
from slipway.oci.habits import Habits
from slipway.oci.pages import PAGE_SIZE, Page, PageFlow, PageRefused, PageRequest, Trail
from slipway.oci.reference import is_repository, is_tag
from slipway.oci.results import TagInfo

__all__ = ["REPOSITORIES", "TAGS", "ListKind", "Listed", "list_pages"]

MAX_ENTRIES: Final = 500_000
_LONGEST_ENTRY: Final = 1024
_MOST_STALE: Final = 3  # pages in a row that bring nothing new


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


def list_pages(
    url: str, kind: ListKind = TAGS, page_size: int = PAGE_SIZE, habits: Habits | None = None
) -> PageFlow[Listed]:
    """All names, in the order of the server, each once.

    Args:
        url: The address of the list, without a query.
        kind: What is listed there.
        page_size: What to ask for; left out once a server refuses it.
        habits: What other lists of this kind have shown of the registry, and this one will.

    Raises:
        ListingIncomplete: when the pages go in a circle, lead elsewhere, vanish, or do not end.
        InvalidResponse: when a page is no such list.
    """
    habits = habits or Habits()
    size: int | None = page_size
    answer = yield (start := _start(url, size))
    if isinstance(answer, PageRefused):
        size = None
        answer = yield (start := _start(url, size))
    for attempt in (1, 2):
        if isinstance(answer, PageRefused):
            break
        listed = yield from _Walk(url, kind, size, habits).run(start.url, answer)
        if listed is not None:
            return listed
        if attempt == 1:  # the entry that a page was to start after has been deleted meanwhile
            answer = yield start
    msg = f"the {kind.key} at {url} could not be listed to the end: a page vanished while reading"
    raise ListingIncomplete(msg)


def _start(url: str, size: int | None) -> PageRequest:
    return PageRequest(url if size is None else f"{url}?{urlencode({'n': size})}", is_start=True)


class _Walk:
    """One way through the pages, from the first to the last."""

    def __init__(self, url: str, kind: ListKind, size: int | None, habits: Habits) -> None:
        self._kind = kind
        self._size = size
        self._habits = habits
        self._entries = _Entries(kind)
        self._trail = Trail(url, size)
        self._has_links = False
        self._stale = 0
        self._looked_behind: int | None = None
        """Entries of the page before, when this one was asked for only to see whether there are more."""

    def run(self, first: str, page: Page) -> Generator[PageRequest, Page | PageRefused, Listed | None]:
        """Follows the pages; None when one of them is refused."""
        request = self._trail.enter(first)
        while True:
            following = self._following(request.url, page)
            if following is None:
                return self._entries.result()
            request = self._trail.enter(following)
            answer = yield request
            if isinstance(answer, PageRefused):
                return self._refused()
            page = answer

    def _following(self, current: str, page: Page) -> str | None:
        """Takes a page in; gives the next one, None when the list is whole."""
        self._trail.take(page)
        content = _content(page, self._kind)
        is_fresh = self._entries.add(content)
        if self._looked_behind is not None:
            self._habits.note(self._looked_behind, was_cut=is_fresh)
            if not is_fresh:
                return None
        following = self._trail.following(current, page)
        self._notice(following, is_stale=bool(content.entries) and not is_fresh)
        self._has_links = self._has_links or following is not None
        self._looked_behind = None
        if following is None and not self._has_links and self._may_be_cut(content, page):
            self._looked_behind = content.length
            return self._trail.after(content.entries[-1])
        return following

    def _notice(self, following: str | None, *, is_stale: bool) -> None:
        """A list that changes meanwhile repeats a page at most; one that repeats more has no end."""
        self._stale = self._stale + 1 if is_stale else 0
        if following is not None and self._stale > _MOST_STALE:
            msg = f"page after page of the {self._kind.key} brings nothing new, and each names a next one"
            raise ListingIncomplete(msg)

    def _may_be_cut(self, content: _Content, page: Page) -> bool:
        """Whether there may be more behind a page that names no next one.

        Docker's API, which most registries say they have, demands a Link then; Google's registries, which
        tell more than names, never cut.
        """
        if not content.entries or content.details:
            return False
        if names_registry(page.headers):
            return content.length == self._size
        return self._habits.may_be_cut(content.length, self._size)

    def _refused(self) -> Listed | None:
        """All entries, where the server only takes no position of ours and the page before was not full."""
        if self._looked_behind in {None, self._size}:
            return None
        self._habits.note(self._looked_behind or 0, was_cut=False)
        return self._entries.result()


@dataclass(frozen=True, slots=True)
class _Content:
    """What a page holds."""

    entries: list[str]
    length: int
    """How many entries there were, null ones as well."""

    details: Mapping[str, TagInfo]


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
    if not isinstance(listed, list) or not all(entry is None or _is_entry(entry) for entry in listed):
        msg = f"the registry answered with something else than a list of {kind.key}"
        raise InvalidResponse(msg)
    return listed


def _is_entry(value: Any) -> bool:
    """Digests are entries too; what is longer than any of them would not even fit into a URL."""
    return isinstance(value, str) and len(value) <= _LONGEST_ENTRY
