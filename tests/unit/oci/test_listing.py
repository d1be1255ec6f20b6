from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.egress import Headers
from slipway.oci import listing, pages
from slipway.oci.errors import InvalidResponse, ListingIncomplete
from slipway.oci.habits import Habits
from slipway.oci.listing import REPOSITORIES, TAGS, Listed, ListKind, list_pages
from slipway.oci.pages import Page, PageRefused, PageRequest, advance
from tests.support.list_servers import STYLES, ListServer

URL = "https://r.io/v2/shop/api/tags/list"


def _page(tags: object, link: str | None = None) -> Page:
    headers = Headers([] if link is None else [("Link", link)])
    return Page(json.dumps({"name": "shop/api", "tags": tags}).encode(), headers)


def _trusted() -> Habits:
    """What is known of a registry that gave whole lists of a thousand at once."""
    habits = Habits()
    habits.may_be_cut(1000, None)
    return habits


def _run(
    answers: Sequence[Page | PageRefused], page_size: int = 3, habits: Habits | None = None
) -> tuple[tuple[str, ...], list[str]]:
    """The tags, and what was asked for."""
    flow = list_pages(URL, TAGS, page_size, habits or _trusted())
    step: PageRequest | Listed = next(flow)
    asked = []
    left = iter(answers)
    while isinstance(step, PageRequest):
        asked.append(step.url)
        step = advance(flow, next(left))
    assert next(left, None) is None, "an answer was not asked for"
    return step.names, asked


def _fails(*answers: Page | PageRefused, page_size: int = 3) -> str:
    with pytest.raises(ListingIncomplete) as caught:
        _run(answers, page_size)
    return str(caught.value)


def test_pages_that_bring_nothing_new_are_not_followed_for_ever() -> None:
    """Each names a next one at a new address, so that no address comes twice."""
    pages_ = [_page(["a", "b"], f"<{URL}?n=3&page={number}>; rel=next") for number in range(20)]

    assert "brings nothing new" in _fails(*pages_)


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


def test_a_page_size_of_the_servers_own_is_found_out() -> None:
    """A stranger is looked behind; that it cut at two shows that the page with one is the last."""
    some = [_page(["a", "b"]), _page(["c", "d"]), _page(["e"])]

    tags, asked = _run(some, page_size=1000, habits=Habits())

    assert tags == ("a", "b", "c", "d", "e")
    assert asked[1:] == [f"{URL}?n=1000&last=b", f"{URL}?n=1000&last=d"]


def test_a_registry_that_gave_whole_lists_is_believed() -> None:
    """A second list that is shorter costs one request."""
    habits = Habits()

    assert len(_run([_page(["a", "b"]), _page([])], habits=habits)[1]) == 2
    assert len(_run([_page(["a"])], habits=habits)[1]) == 1


def test_a_registry_that_says_it_has_dockers_api_names_its_pages() -> None:
    """That API demands it. Only a page as long as was asked for is looked behind all the same."""
    says = Headers([("Docker-Distribution-Api-Version", "registry/2.0")])
    short, full = (Page(_page(names).body, says) for names in (["a"], ["a", "b", "c"]))

    assert len(_run([short], habits=Habits())[1]) == 1
    assert len(_run([full, _page([])], habits=Habits())[1]) == 2


def test_a_registry_that_takes_no_position_of_ours_is_believed() -> None:
    """It gave fewer than were asked for, and refuses to be asked for more: it does not know `last`."""
    assert _run([_page(["a", "b"]), PageRefused(400)], habits=Habits())[0] == ("a", "b")
    assert "vanished" in _fails(
        _page(["a", "b", "c"]), PageRefused(400), _page(["a", "b", "c"]), PageRefused(400)
    )


def test_a_full_page_of_digests_is_looked_behind_as_well() -> None:
    """What is left out counts for the length all the same, and the list goes on after it."""
    digests = [f"sha256:{number:064x}" for number in range(3)]

    tags, asked = _run([_page(digests), _page(["a"])])

    assert tags == ("a",)
    assert asked[1].endswith(f"last={digests[-1].replace(':', '%3A')}")


def test_a_server_that_refuses_the_page_size_is_never_asked_for_it_again() -> None:
    """Also not for what follows its first page."""
    _, asked = _run([PageRefused(405), _page(["a", "b"]), _page([])], habits=Habits())

    assert asked == [f"{URL}?n=3", URL, f"{URL}?last=b"]


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


def test_starts_are_told_from_positions() -> None:
    """A 404 to the first means that there is no repository; to a later one, that a tag is gone."""
    link = '</v2/shop/api/tags/list?n=3&last=b>; rel="next"'
    flow = list_pages(URL, TAGS, 3)
    steps = [next(flow), flow.send(PageRefused(405)), flow.send(_page(["a"], link))]
    steps.append(flow.send(PageRefused(404)))

    assert [step.is_start for step in steps] == [True, True, False, True]


def test_the_same_page_for_ever_ends() -> None:
    """An empty page that names itself as the next is no end of the list."""
    link = '</v2/shop/api/tags/list?n=0&last=b>; rel="next"'

    assert "circle" in _fails(_page(["a", "b"], link), _page([], link))


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
    monkeypatch.setattr(pages, "MAX_PAGES", 3)
    some = [_page([f"t{n}"], f"</v2/shop/api/tags/list?last=t{n}>; rel=next") for n in range(3)]
    assert "more than 3" in _fails(*some)

    monkeypatch.setattr(listing, "MAX_ENTRIES", 2)
    assert "more than 2 tags" in _fails(_page(["a", "b", "c"]))


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        b'{"tags": "a"}',
        b'{"tags": [1]}',
        b'{"tags": ["%s"]}' % (b"a" * 1025),
        b"3",
        b"[" * 50_000,
    ],
    ids=["a page", "nothing", "no list", "numbers", "a novel", "a number", "lists without end"],
)
def test_what_is_no_tag_list_is_refused(body: bytes) -> None:
    """A page of anything else is an error, never an empty list."""
    with pytest.raises(InvalidResponse):
        _run([Page(body)])


NAMES = {
    TAGS: [
        "1",
        "1.0",
        "1.0-rc.1",
        "v1",
        "V1",
        "_",
        "latest",
        "a..b",
        "10",
        "2",
        "z" * 128,
        "x_y",
        "0-1",
        "A",
    ],
    REPOSITORIES: ["a", "a/b", "a/b/c", "shop/api", "shop/api-2", "x__y", "0", "z" * 255, "b", "c.d", "e/f"],
}
PREFIXED = "https://r.io/artifactory/v2/virtual/shop/api/tags/list"


def _read(server: ListServer, kind: ListKind, page_size: int, habits: Habits | None = None) -> Listed:
    flow = list_pages(PREFIXED, kind, page_size, habits)
    step: PageRequest | Listed = next(flow)
    while isinstance(step, PageRequest):
        step = advance(flow, server.answer(step.url))
    return step


@pytest.mark.parametrize("kind", [TAGS, REPOSITORIES], ids=["tags", "repositories"])
@pytest.mark.parametrize("style", STYLES)
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_no_server_and_no_cut_changes_the_result(style: str, kind: ListKind, data: st.DataObject) -> None:
    """However pages are cut, and however it is said that there are more, every name comes exactly once."""
    names = data.draw(st.permutations(NAMES[kind]))[: data.draw(st.integers(0, 14))]
    most, page_size = data.draw(st.integers(1, 15)), data.draw(st.integers(1, 15))

    listed = _read(STYLES[style](names, kind, PREFIXED, most), kind, page_size)

    assert sorted(listed.names) == sorted(names)
    assert style != "Google" or kind is REPOSITORIES or set(listed.details) == set(names)


@given(
    st.sets(st.sampled_from(NAMES[TAGS])),
    st.integers(min_value=1, max_value=5),
    st.integers(min_value=0, max_value=4),
    st.sampled_from([400, 404]),
)
@settings(max_examples=60)
def test_a_list_that_changes_meanwhile_is_read_again(
    names: set[str], size: int, fails: int, status: int
) -> None:
    """A position that is gone once costs a second pass, and never a tag."""
    server = STYLES["distribution 3, ACR, Harbor, zot"](sorted(names), TAGS, PREFIXED, size)
    flow = list_pages(PREFIXED, TAGS, size)
    step: PageRequest | Listed = next(flow)
    number = 0
    while isinstance(step, PageRequest):
        is_gone = number == fails and not step.is_start
        step = advance(flow, PageRefused(status) if is_gone else server.answer(step.url))
        number += 1

    assert sorted(step.names) == sorted(names)


def test_twenty_thousand_tags_take_twenty_pages() -> None:
    """A thousand to a page; one more to look behind the last where the server names no next page."""
    names = [f"v{number}" for number in range(20_000)]
    for style, want in (("go-containerregistry", 21), ("distribution 3, ACR, Harbor, zot", 20)):
        server = STYLES[style](names, TAGS, PREFIXED, 1000)
        flow = list_pages(PREFIXED)
        step: PageRequest | Listed = next(flow)
        pages_read = 0
        while isinstance(step, PageRequest):
            step = advance(flow, server.answer(step.url))
            pages_read += 1

        assert (len(step.names), pages_read) == (20_000, want)
