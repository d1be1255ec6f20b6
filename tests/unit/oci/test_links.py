from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.oci.links import next_link


@pytest.mark.parametrize(
    ("headers", "want"),
    [
        (['</v2/a/tags/list?n=2&last=b>; rel="next"'], "/v2/a/tags/list?n=2&last=b"),
        (["<https://r.io/x>; rel=next"], "https://r.io/x"),
        (['</a>; rel="prev", </b>; rel="next"'], "/b"),
        (['</a>; rel="prev"', '</b>; rel="next"'], "/b"),
        (['</b>;title="a, b";REL="first NEXT"'], "/b"),
        (['</a,b>; rel="next"'], "/a,b"),
        (['</a>; rel="prev"'], None),
        (["</a>"], None),
        ([], None),
    ],
)
def test_the_next_page_is_found(headers: list[str], want: str | None) -> None:
    """Several links, several headers, quoted and bare relations."""
    assert next_link(headers) == want


@pytest.mark.parametrize("header", ['/a>; rel="next"', '</a; rel="next"', "", "garbage"])
def test_a_header_without_a_link_is_an_error(header: str) -> None:
    """What the registry wanted to say is unknown then, and must not be taken for the end."""
    with pytest.raises(ValueError, match="malformed"):
        next_link([header])


@given(st.text(alphabet='<>;,="rel nxt/', max_size=30))
def test_no_header_crashes_the_reader(text: str) -> None:
    """Whatever comes is read or refused."""
    with contextlib.suppress(ValueError):
        next_link([text])
