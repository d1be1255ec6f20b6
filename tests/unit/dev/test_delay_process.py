"""What the relay reads of the requests that it passes on; `tests/cluster/dev` has it before a registry."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dev.delay_process import RequestLines

LIST = b"GET /v2/shop/api/tags/list?n=1000 HTTP/1.1\r\nHost: r\r\n\r\n"
PUT = b"PUT /v2/shop/api/manifests/1 HTTP/1.1\r\ncontent-LENGTH:  23\r\nHost: r\r\n\r\n"
BODY = b"GET /not/me HTTP/1.1\r\n\r\n"[:23]
HEAD = b"HEAD /v2/shop/api/manifests/1 HTTP/1.1\r\nHost: r\r\nContent-Length: 0\r\n\r\n"
SAID = LIST + PUT + BODY + HEAD + LIST
FOUND = [
    ("GET", "/v2/shop/api/tags/list?n=1000"),
    ("PUT", "/v2/shop/api/manifests/1"),
    ("HEAD", "/v2/shop/api/manifests/1"),
    ("GET", "/v2/shop/api/tags/list?n=1000"),
]


def test_every_request_is_found_once_and_no_body_is_one() -> None:
    """Whatever the body says."""
    assert RequestLines().feed(SAID) == FOUND


@settings(max_examples=50)
@given(st.lists(st.integers(0, len(SAID)), max_size=8).map(sorted))
def test_it_does_not_matter_how_they_are_cut(cuts: list[int]) -> None:
    """Networks cut where they like."""
    lines, found = RequestLines(), []
    for begin, end in zip([0, *cuts], [*cuts, len(SAID)], strict=True):
        found += lines.feed(SAID[begin:end])

    assert found == FOUND


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01 hello\r\n\r\n",
        b"GET /\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n",
        b"GET /" + b"x" * 70_000,
    ],
    ids=["TLS", "no version", "a body in chunks", "a length that is none", "a head without an end"],
)
def test_what_cannot_be_counted_is_refused(said: bytes) -> None:
    """A count that is wrong would be worse than none."""
    with pytest.raises(ValueError, match=r"."):
        RequestLines().feed(said)
