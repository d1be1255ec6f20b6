"""Lists whatever an API cuts into pages to its end, or fails: pure flows over answers.

An API names the next page in a Link header, in a field of its answer, or not at all, and then pages are
counted. Where it says how many entries there are, that number has to stay the same while they are read:
otherwise one that moved from one page to another may have been missed, and the list is read once more.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

from slipway.egress import InvalidUrl
from slipway.http import join_url, origin_of
from slipway.oci.errors import ListingIncomplete
from slipway.oci.links import next_link
from slipway.oci.providers.api import Answer, Call, Flow, NotOffered

__all__ = [
    "MAX_ITEMS",
    "MAX_PAGES",
    "Following",
    "Step",
    "by_field",
    "by_last",
    "by_link",
    "by_number",
    "by_token",
    "header_total",
    "walk",
    "while_flag",
    "with_query",
]

MAX_PAGES: Final = 5000
MAX_ITEMS: Final = 1_000_000

Item = TypeVar("Item", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Step:
    """Where a listing is after a page."""

    answer: Answer
    length: int
    """Entries of this page."""

    seen: int
    """Entries of all pages so far."""

    total: int | None
    """How many there are, where the API says."""


Following = Callable[[Step], str | None]
"""Where the next page is, absolute or relative; None at the end."""

Total = Callable[[Answer], int | None]


def _unknown(_: Answer) -> int | None:
    return None


def walk(
    first: Call, read: Callable[[Any], list[Item]], following: Following, total: Total = _unknown
) -> Flow[Item]:
    """All items, in the order of the API; some may occur twice.

    Args:
        first: The first page.
        read: The items of the body of a page: one for each of its entries, and no two alike.
        following: Where the next page is.
        total: How many entries there are in all, where the API says.

    Raises:
        NotOffered: when a page is not what it should be.
        ListingIncomplete: when the pages go in a circle, lead to another host, or do not end, or the list
            changed twice while it was read.
    """
    for _ in range(2):
        items = yield from _walk_once(first, read, following, total)
        if items is not None:
            return items
    msg = f"{_bare(first.url)} changed while it was read: it is listed again at the next poll"
    raise ListingIncomplete(msg)


def _walk_once(
    first: Call, read: Callable[[Any], list[Item]], following: Following, total: Total
) -> Generator[Call, Answer, list[Item] | None]:
    """None when the number of entries was another one on a later page."""
    items: list[Item] = []
    known: set[Item] = set()
    visited = {first.url}
    announced: int | None = None
    call = first
    while True:
        answer = yield call
        page, stated = read(answer.body), total(answer)
        if len(visited) > 1 and stated != announced:
            return None
        items += page
        before = len(known)
        known.update(page)
        target = following(Step(answer, len(page), len(items), stated))
        if target is None:
            return items
        target = _within(call.url, target)
        is_circle = target in visited or (bool(page) and len(known) == before)
        if is_circle or len(visited) >= MAX_PAGES or len(known) > MAX_ITEMS:
            msg = f"the pages of {_bare(first.url)} go in a circle, or there are more than are ever needed"
            raise ListingIncomplete(msg)
        visited.add(target)
        announced = stated
        call = replace(call, url=target)


def by_link(step: Step) -> str | None:
    """By the Link header whose relation is `next`."""
    try:
        return next_link(step.answer.headers.all("link"))
    except ValueError as error:
        msg = f"the Link to the next page of {_bare(step.answer.url)} is malformed"
        raise ListingIncomplete(msg) from error


def by_last(step: Step) -> str | None:
    """By the `last` of the Link header alone, for servers that write a wrong path into it."""
    link = by_link(step)
    if link is None:
        return None
    last = parse_qs(urlsplit(link).query).get("last")
    if not last:
        msg = f"the Link to the next page of {_bare(step.answer.url)} does not say where it starts"
        raise ListingIncomplete(msg)
    return with_query(step.answer.url, last=last[0])


def by_field(name: str) -> Following:
    """By a field of the answer that holds the URL of the next page, or null."""

    def following(step: Step) -> str | None:
        return _text_or_none(step.answer.body, name)

    return following


def by_token(name: str, parameter: str | None = None) -> Following:
    """By a field of the answer that goes into the query of the next request, or is null."""

    def following(step: Step) -> str | None:
        token = _text_or_none(step.answer.body, name)
        return None if token is None else with_query(step.answer.url, **{parameter or name: token})

    return following


def by_number(step: Step) -> str | None:
    """By counting `page`: until as many entries came as there are, or a page is empty where nobody says."""
    if step.length == 0 and step.total is not None and step.seen < step.total:
        msg = f"{_bare(step.answer.url)} has {step.total} entries by its own word, but listed {step.seen}"
        raise ListingIncomplete(msg)
    is_end = step.length == 0 or (step.total is not None and step.seen >= step.total)
    return None if is_end else _next_number(step.answer.url)


def while_flag(name: str) -> Following:
    """By counting `page`, as long as a field of the answer is true."""

    def following(step: Step) -> str | None:
        flag = step.answer.body.get(name) if isinstance(step.answer.body, dict) else None
        if not isinstance(flag, bool):
            msg = f"an answer without {name}"
            raise NotOffered(msg)
        return _next_number(step.answer.url) if flag else None

    return following


def header_total(answer: Answer) -> int | None:
    """How many entries there are, by the header X-Total-Count."""
    stated = answer.headers.get("x-total-count") or ""
    return int(stated) if stated.isascii() and stated.isdecimal() and len(stated) < 10 else None


def with_query(url: str, **values: str) -> str:
    """The URL with these values in its query, in place of others of the same name."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True)) | values
    return urlunsplit(parts._replace(query=urlencode(query)))


def _next_number(url: str) -> str:
    return with_query(url, page=str(int(parse_qs(urlsplit(url).query)["page"][0]) + 1))


def _text_or_none(body: Any, name: str) -> str | None:
    value = body.get(name) if isinstance(body, dict) else None
    if value is not None and not isinstance(value, str):
        msg = f"an answer whose {name} is no text"
        raise NotOffered(msg)
    return value or None


def _within(current: str, following: str) -> str:
    """The next page, which must be of the same origin: our credential goes there."""
    try:
        target = join_url(current, following)
    except InvalidUrl as error:
        msg = f"{_bare(current)} names a next page that is no URL"
        raise ListingIncomplete(msg) from error
    if origin_of(target) != origin_of(current):
        msg = (
            f"{_bare(current)} names a next page on another host ({origin_of(target)}), which is not followed"
        )
        raise ListingIncomplete(msg)
    return target


def _bare(url: str) -> str:
    return url.partition("?")[0]
