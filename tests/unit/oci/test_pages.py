from __future__ import annotations

import pytest

from slipway.egress import Headers
from slipway.oci import pages
from slipway.oci.errors import ListingIncomplete
from slipway.oci.pages import Page, Trail

BASE = "https://r.io/v2/shop/api/tags/list"
FIRST = f"{BASE}?n=1000"


def _page(link: str, body: bytes = b"{}") -> Page:
    return Page(body, Headers([("Link", link)]))


@pytest.mark.parametrize(
    ("link", "want"),
    [
        pytest.param(
            '</v2/shop/api/tags/list?n=1000&last=b>; rel="next"', f"{BASE}?n=1000&last=b", id="relative"
        ),
        pytest.param("<?last=b>; rel=next", f"{BASE}?last=b", id="a query alone"),
        pytest.param(
            '<https://R.io:443/v2/shop/api/tags/list?n=100&next_page=gAAAA%3D%3D>; rel="next"',
            f"{BASE}?n=100&next_page=gAAAA%3D%3D",
            id="Quay: absolute, with an opaque position",
        ),
        pytest.param(
            '</v2/api/tags/list?last=b%2Bc&n=50>; rel="next"',
            f"{BASE}?n=1000&last=b%2Bc",
            id="Artifactory: without the prefix of the virtual repository",
        ),
        pytest.param(
            '</v2/shop/api/tags/list?last=b&n=0>; rel="next"',
            f"{BASE}?n=1000&last=b",
            id="GHCR: pages of nothing",
        ),
        pytest.param('</v2/shop/api/tags/list?n=2>; rel="prev"', None, id="only back"),
    ],
)
def test_the_link_leads_to_the_next_page_of_this_list(link: str, want: str | None) -> None:
    """Whatever way a registry writes it in."""
    found = Trail(BASE).following(FIRST, _page(link))

    assert (found or "").replace("R.io:443", "r.io") == (want or "")


def test_a_position_keeps_the_page_size_that_the_server_takes() -> None:
    """Where `n` was refused it is not asked for again."""
    assert Trail(BASE).after("a b") == f"{BASE}?n=1000&last=a+b"
    assert Trail(BASE, None).after("a") == f"{BASE}?last=a"
    assert Trail(BASE, None).following(FIRST, _page("<?n=0&last=a>; rel=next")) == f"{BASE}?last=a"


def test_pages_are_entered_once() -> None:
    """The second time it is a circle; the first one is known as the start."""
    trail = Trail(BASE)

    assert [trail.enter(FIRST).is_start, trail.enter(BASE).is_start] == [True, False]
    with pytest.raises(ListingIncomplete, match="circle"):
        trail.enter(FIRST)


def test_there_is_an_end_to_pages_and_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server cannot keep us busy for ever, nor fill the memory page by page."""
    monkeypatch.setattr(pages, "MAX_PAGES", 2)
    monkeypatch.setattr(pages, "MAX_BYTES", 2 << 20)
    trail = Trail(BASE)
    trail.enter("1")
    trail.enter("2")
    trail.take(Page(b" " * (1 << 20)))
    trail.take(Page(b" " * (1 << 20)))

    with pytest.raises(ListingIncomplete, match="more than 2"):
        trail.enter("3")
    with pytest.raises(ListingIncomplete, match="more than 2 MiB"):
        trail.take(Page(b" "))
