from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.egress import Headers
from slipway.oci import listing
from slipway.oci.errors import InvalidResponse, ListingIncomplete
from slipway.oci.listing import Page, PageRefused, PageRequest, advance, list_pages

URL = "https://r.io/v2/shop/api/tags/list"


def _page(tags: object, link: str | None = None) -> Page:
    headers = Headers([] if link is None else [("Link", link)])
    return Page(json.dumps({"name": "shop/api", "tags": tags}).encode(), headers)


def _run(answers: Sequence[Page | PageRefused], page_size: int = 3) -> tuple[tuple[str, ...], list[str]]:
    """The tags, and what was asked for."""
    flow = list_pages(URL, page_size)
    step: PageRequest | tuple[str, ...] = next(flow)
    asked = []
    left = iter(answers)
    while isinstance(step, PageRequest):
        asked.append(step.url)
        step = advance(flow, next(left))
    assert next(left, None) is None, "an answer was not asked for"
    return step, asked


def _fails(*answers: Page | PageRefused, page_size: int = 3) -> str:
    with pytest.raises(ListingIncomplete) as caught:
        _run(answers, page_size)
    return str(caught.value)


def test_one_page_is_one_request() -> None:
    """A short page without a Link is the whole list."""
    assert _run([_page(["b", "a"])]) == (("b", "a"), [f"{URL}?n=3"])


@pytest.mark.parametrize("link", ['<{}?n=3&last=c>; rel="next"', "<https://R.io:443{}?n=3&last=c>;rel=next"])
def test_links_are_followed_to_the_end(link: str) -> None:
    """Relative and absolute links of the same origin lead on."""
    path = urlsplit(URL).path

    tags, asked = _run([_page(["a", "b", "c"], link.format(path)), _page(["d"])])

    assert tags == ("a", "b", "c", "d")
    assert asked[1].endswith("/v2/shop/api/tags/list?n=3&last=c")


def test_an_empty_repository_has_no_tags() -> None:
    """`null` and an empty list are both nothing."""
    assert _run([_page(None)])[0] == ()
    assert _run([_page([])])[0] == ()


def test_entries_that_are_no_tags_are_left_out() -> None:
    """Some servers list null, digests, and tags twice."""
    digest = "sha256:" + "a" * 64

    assert _run([_page(["a", None, digest, "a", "b"])])[0] == ("a", "b")


def test_a_full_page_without_a_link_is_looked_behind_once() -> None:
    """A server that truncates silently is found out by asking for what follows the last tag."""
    tags, asked = _run([_page(["a", "b", "c"]), _page(["d", "e"])])

    assert tags == ("a", "b", "c", "d", "e")
    assert asked[1] == f"{URL}?n=3&last=c"


def test_a_server_that_ignores_paging_is_believed_after_one_more_look() -> None:
    """When the same tags come again there are no others."""
    assert _run([_page(["c", "a", "b"]), _page(["c", "a", "b"])])[0] == ("c", "a", "b")


def test_a_page_size_of_the_servers_own_is_noticed() -> None:
    """A hundred tags, though a thousand were asked for, look like a cut."""
    names = [f"t{number}" for number in range(100)]

    tags, asked = _run([_page(names), _page(["z"])], page_size=1000)

    assert len(tags) == 101
    assert asked[1] == f"{URL}?n=1000&last=t99"


def test_a_page_size_that_is_refused_is_left_out() -> None:
    """Servers that take fewer than were asked for get to choose themselves."""
    assert _run([PageRefused(405), _page(["a"])]) == (("a",), [f"{URL}?n=3", URL])


def test_a_vanished_position_starts_the_list_over_once() -> None:
    """A tag that was deleted while pages were read costs one more pass."""
    link = '</v2/shop/api/tags/list?n=3&last=b>; rel="next"'

    tags, asked = _run([_page(["a", "b"], link), PageRefused(404), _page(["a"])])

    assert tags == ("a",)
    assert len(asked) == 3


def test_a_position_that_vanishes_again_fails() -> None:
    """Twice is no coincidence."""
    link = '</v2/shop/api/tags/list?n=3&last=b>; rel="next"'

    assert "vanished" in _fails(_page(["a"], link), PageRefused(404), _page(["a"], link), PageRefused(404))


@pytest.mark.parametrize(
    ("link", "words"),
    [
        ("<https://evil.io/v2/shop/api/tags/list?n=3>; rel=next", "another host"),
        ("<http://r.io/v2/shop/api/tags/list?n=3>; rel=next", "another host"),
        ("<https://r.io:8443/v2/shop/api/tags/list>; rel=next", "another host"),
        ("<http://169.254.169.254/latest>; rel=next", "another host"),
        ("<file:///etc/passwd>; rel=next", "malformed"),
        ("/v2/shop/api/tags/list?n=3>; rel=next", "malformed"),
        ("</v2/shop/api/tags/list?n=3; rel=next", "malformed"),
        ("<https://r.io:99999/x>; rel=next", "malformed"),
        (f"<{URL}?n=3>; rel=next", "circle"),
    ],
)
def test_links_that_lead_astray_fail(link: str, words: str) -> None:
    """Another host, a downgrade, a circle or a Link that cannot be read never gives a part of the list."""
    assert words in _fails(_page(["a", "b", "c"], link))


def test_there_is_an_end_to_pages_and_tags(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server cannot keep us busy for ever with ever new pages."""
    monkeypatch.setattr(listing, "MAX_PAGES", 3)
    pages = [_page([f"t{n}"], f"</v2/shop/api/tags/list?last=t{n}>; rel=next") for n in range(3)]
    assert "more than 3" in _fails(*pages)

    monkeypatch.setattr(listing, "MAX_TAGS", 2)
    assert "more than 2 tags" in _fails(_page(["a", "b", "c"]))


@pytest.mark.parametrize("body", [b"<html>", b"", b'{"tags": "a"}', b'{"tags": [1]}', b"3", b"[" * 50_000])
def test_what_is_no_tag_list_is_refused(body: bytes) -> None:
    """A page of anything else is an error, never an empty list."""
    with pytest.raises(InvalidResponse):
        _run([Page(body)])


class _Server:
    """Serves a list the way a registry of one kind does."""

    def __init__(self, tags: set[str], size: int, *, links: bool) -> None:
        self._tags = sorted(tags)
        self._size = size
        self._links = links

    def answer(self, url: str) -> Page:
        query = parse_qs(urlsplit(url).query)
        last = query.get("last", [""])[0]
        size = min(int(query.get("n", ["50"])[0]), self._size)
        rest = [tag for tag in self._tags if tag > last]
        page = rest[:size]
        has_more = self._links and len(rest) > size
        link = f"</v2/shop/api/tags/list?n={size}&last={page[-1]}>; rel=next" if has_more else None
        return _page(page, link)


@given(
    st.sets(st.text("abc", min_size=1, max_size=4), max_size=40),
    st.integers(min_value=1, max_value=50),
    st.booleans(),
)
def test_how_pages_are_cut_never_changes_the_result(tags: set[str], size: int, links: bool) -> None:
    """With Links, or without them where the server cuts as asked, every tag comes exactly once."""
    server = _Server(tags, size, links=links)
    flow = list_pages(URL, size)
    step: PageRequest | tuple[str, ...] = next(flow)
    while isinstance(step, PageRequest):
        step = advance(flow, server.answer(step.url))

    assert list(step) == sorted(tags)
