from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.egress import Headers
from slipway.oci.errors import ListingIncomplete
from slipway.oci.providers import paging
from slipway.oci.providers.api import Answer, Call, NotOffered
from slipway.oci.providers.paging import (
    Following,
    Step,
    by_field,
    by_last,
    by_link,
    by_number,
    by_token,
    header_total,
    walk,
    while_flag,
    with_query,
)

URL = "https://api.example.com/list?page=1&limit=3"


def _items(body: Any) -> list[Any]:
    return list(body["items"])


def _run(
    answer: Callable[[str], Answer], following: Following, url: str = URL, *, counted: bool = False
) -> tuple[list[Any], list[str]]:
    """The items, and what was asked for."""
    flow = walk(Call(url), _items, following, *([header_total] if counted else []))
    asked = [next(flow).url]
    while True:
        try:
            asked.append(flow.send(answer(asked[-1])).url)
        except StopIteration as done:
            return done.value, asked


def _answer(url: str, items: Sequence[Any], link: str = "", total: int | None = None, **body: Any) -> Answer:
    headers = [("Link", link)] if link else []
    if total is not None:
        headers.append(("X-Total-Count", str(total)))
    return Answer(url, {"items": items, **body}, Headers(headers))


def _page_of(url: str) -> int:
    return int(url.partition("page=")[2].partition("&")[0])


class Cut:
    """A server that cuts numbers into pages and names the next page in one of the ways there are."""

    def __init__(self, count: int, length: int) -> None:
        self.items, self.length = list(range(count)), length

    def __call__(self, url: str) -> Answer:
        number = _page_of(url)
        page = self.items[(number - 1) * self.length : number * self.length]
        is_last = number * self.length >= len(self.items)
        following = f"https://api.example.com/list?page={number + 1}"
        return _answer(
            url,
            page,
            "" if is_last else f'<{following}>; rel="next"',
            len(self.items),
            next=None if is_last else following,
            more=not is_last,
            token=None if is_last else str(number + 1),
        )


@settings(max_examples=40)
@given(
    st.integers(0, 40),
    st.integers(1, 9),
    st.sampled_from([by_link, by_field("next"), by_number, while_flag("more"), by_token("token", "page")]),
)
def test_where_pages_are_cut_never_changes_the_list(count: int, length: int, following: Following) -> None:
    """Whatever the way to the next page."""
    items, asked = _run(Cut(count, length), following, counted=True)

    assert items == list(range(count))
    assert len(asked) == max(1, -(-count // length))


def test_counting_without_a_total_ends_at_an_empty_page() -> None:
    """A page that is shorter than was asked for is no end: servers choose the length themselves."""
    items, asked = _run(Cut(5, 2), by_number)

    assert items == [0, 1, 2, 3, 4]
    assert len(asked) == 4


def test_a_list_that_changed_is_read_once_more() -> None:
    """An entry that went from the second page to the first would have been missed."""
    server = Cut(6, 2)

    def deleting(url: str) -> Answer:
        if _page_of(url) == 2 and len(server.items) == 6:
            server.items.pop(0)
        return server(url)

    items, asked = _run(deleting, by_number, counted=True)

    assert items == [1, 2, 3, 4, 5]
    assert [_page_of(url) for url in asked] == [1, 2, 1, 2, 3]


def test_a_list_that_changes_again_fails() -> None:
    """Nothing is chosen from what may have a gap."""
    server = Cut(9, 2)

    def deleting(url: str) -> Answer:
        if _page_of(url) == 2:
            server.items.pop(0)
        return server(url)

    with pytest.raises(ListingIncomplete, match="changed while it was read"):
        _run(deleting, by_number, counted=True)


def test_fewer_entries_than_announced_are_no_list() -> None:
    """Where pages are counted, an empty one before the end is a gap."""
    with pytest.raises(ListingIncomplete, match="7 entries by its own word, but listed 1"):
        _run(lambda url: _answer(url, [1] if _page_of(url) == 1 else [], total=7), by_number, counted=True)


def test_an_end_that_is_said_is_believed() -> None:
    """An API that names the next page may count entries that it does not show us."""
    assert _run(lambda url: _answer(url, [1], total=7, next=None), by_field("next"), counted=True)[0] == [1]


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("<https://evil.example/list>; rel=next", "another host"),
        ("<http://api.example.com/list>; rel=next", "another host"),
        ("<https://api.example.com:8443/list>; rel=next", "another host"),
        ("<//evil.example/list>; rel=next", "another host"),
        ("<http://169.254.169.254/latest>; rel=next", "another host"),
        ("<file:///etc/passwd>; rel=next", "no URL"),
        ("<https://user:word@api.example.com/list>; rel=next", "no URL"),
        ("https://api.example.com/list; rel=next", "malformed"),
        (f"<{URL}>; rel=next", "circle"),
    ],
)
def test_links_that_lead_astray_fail(link: str, words: str) -> None:
    """Another origin, a circle, or what cannot be read: never a part of the list."""
    with pytest.raises(ListingIncomplete, match=words):
        _run(lambda url: _answer(url, [url], link), by_link)


def test_pages_that_bring_nothing_new_are_a_circle() -> None:
    """A server that ignores the number of the page would keep us busy for ever."""
    asked = []

    def deaf(url: str) -> Answer:
        asked.append(url)
        return _answer(url, [1, 2], more=True)

    with pytest.raises(ListingIncomplete, match="circle"):
        _run(deaf, while_flag("more"))
    assert len(asked) == 2


@pytest.mark.parametrize(("limit", "pages"), [("MAX_PAGES", 3), ("MAX_ITEMS", 4)])
def test_there_is_an_end_to_pages_and_entries(
    limit: str, pages: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ever new entries have an end, too."""
    asked = []

    def endless(url: str) -> Answer:
        asked.append(url)
        return _answer(url, [url], more=True)

    monkeypatch.setattr(paging, limit, 3)
    with pytest.raises(ListingIncomplete, match="more than are ever needed"):
        _run(endless, while_flag("more"))
    assert len(asked) == pages


def test_of_a_link_with_a_wrong_path_only_the_position_counts() -> None:
    """Artifactory leaves out the prefix of its virtual repositories."""
    step = Step(_answer(URL, [], '</v2/_catalog?last=b%2Fc&n=2>; rel="next"'), 1, 1, None)

    assert by_last(step) == "https://api.example.com/list?page=1&limit=3&last=b%2Fc"
    with pytest.raises(ListingIncomplete):
        by_last(Step(_answer(URL, [], "</v2/_catalog>; rel=next"), 1, 1, None))


@pytest.mark.parametrize(
    ("following", "body"),
    [
        (by_field("next"), {"next": 3}),
        (by_token("token"), {"token": ["a"]}),
        (while_flag("more"), {"more": "yes"}),
        (while_flag("more"), {}),
        (while_flag("more"), []),
    ],
)
def test_a_next_page_of_another_type_is_nonsense(following: Following, body: Any) -> None:
    """It is not taken for the end of the list."""
    with pytest.raises(NotOffered):
        following(Step(Answer(URL, body), 1, 1, None))


@pytest.mark.parametrize("stated", ["", "-1", "1e3", "٣", "9" * 40, "many"])
def test_a_total_that_is_no_number_is_no_total(stated: str) -> None:
    """Then an empty page is the end."""
    assert header_total(Answer(URL, [], Headers([("X-Total-Count", stated)]))) is None


def test_a_value_in_a_query_takes_the_place_of_the_old_one() -> None:
    """And is encoded."""
    assert with_query(URL, page="2", q="a&b=c") == ("https://api.example.com/list?page=2&limit=3&q=a%26b%3Dc")
