from __future__ import annotations

import pytest

from slipway.egress.messages import Headers, Origin, Response


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (Origin("https", "r.io", 443), "https://r.io"),
        (Origin("http", "r.io", 80), "http://r.io"),
        (Origin("http", "r.io", 443), "http://r.io:443"),
        (Origin("https", "r.io", 5000), "https://r.io:5000"),
        (Origin("https", "::1", 5000), "https://[::1]:5000"),
    ],
)
def test_an_origin_is_written_as_in_a_url(origin: Origin, text: str) -> None:
    """Without the port that goes without saying, and with brackets around IPv6."""
    assert str(origin) == text


def test_headers_are_found_whatever_their_case() -> None:
    """In their order, where there are several."""
    headers = Headers([("WWW-Authenticate", "Basic"), ("Link", "<a>"), ("www-authenticate", "Bearer")])

    assert headers.all("Www-Authenticate") == ["Basic", "Bearer"]
    assert headers.get("WWW-AUTHENTICATE") == "Basic"
    assert (headers.get("Date"), headers.all("Date")) == (None, [])


def test_a_list_that_was_given_out_changes_no_header() -> None:
    """It belongs to whoever asked."""
    headers = Headers([("Link", "<a>")])
    headers.all("link").append("<b>")

    assert headers.all("link") == ["<a>"]


def test_a_body_is_in_no_representation() -> None:
    """It may be a token."""
    assert "t0ken" not in repr(Response(200, Headers(), b'{"token": "t0ken"}', "https://r.io/token"))
