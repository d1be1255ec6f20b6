from __future__ import annotations

import string

import pytest
from httpx import URL
from hypothesis import given
from hypothesis import strategies as st

from slipway.egress import InvalidUrl, Origin
from slipway.egress.urls import Address, join, parse

CHARACTERS = string.ascii_letters + string.digits + "-._~:/?#[]@!$&'()*+,;=% \\|^`{}<>\"äß"
AUTHORITIES = (
    "registry.example.com",
    "Registry.Example.com:5000",
    "127.0.0.1:5000",
    "h:80",
    "[::1]:5000",
    "bücher.de",
)


@pytest.mark.parametrize(
    ("url", "origin", "authority", "path", "text"),
    [
        (
            "https://Registry.Example.com/v2/shop/api/tags/list?n=1000",
            Origin("https", "registry.example.com", 443),
            "registry.example.com",
            "/v2/shop/api/tags/list",
            "https://registry.example.com/v2/shop/api/tags/list?n=1000",
        ),
        (
            "http://127.0.0.1:5000",
            Origin("http", "127.0.0.1", 5000),
            "127.0.0.1:5000",
            "/",
            "http://127.0.0.1:5000",
        ),
        ("https://h:443/a", Origin("https", "h", 443), "h", "/a", "https://h/a"),
        ("http://[::1]:5000/a", Origin("http", "::1", 5000), "[::1]:5000", "/a", "http://[::1]:5000/a"),
        ("https://h/a/../b", Origin("https", "h", 443), "h", "/b", "https://h/b"),
        ("https://h/a b?c d", Origin("https", "h", 443), "h", "/a%20b", "https://h/a%20b?c%20d"),
        ("https://h/a%2Fb?c=%2F", Origin("https", "h", 443), "h", "/a%2Fb", "https://h/a%2Fb?c=%2F"),
    ],
)
def test_an_address_has_its_parts(url: str, origin: Origin, authority: str, path: str, text: str) -> None:
    """In the form in which they are sent."""
    assert parse(url) == Address(origin, authority, path, text)


@given(
    st.sampled_from(("http", "https")),
    st.sampled_from(AUTHORITIES),
    st.text(CHARACTERS, max_size=30).filter(lambda text: "#" not in text),
)
def test_what_is_read_quickly_is_read_as_by_httpx(scheme: str, authority: str, rest: str) -> None:
    """Whatever the path and the query are."""
    url = f"{scheme}://{authority}/{rest}"
    known = URL(url)

    address = parse(url)

    assert address.text == str(known)
    assert address.path == known.raw_path.decode().partition("?")[0]
    assert address.authority == known.netloc.decode()
    assert address.origin.host == known.raw_host.decode()


@pytest.mark.parametrize(
    "url",
    [
        "registry.example.com/v2/",
        "ftp://h/a",
        "file:///etc/passwd",
        "https://h:0/a",
        "https://h:65536/a",
        "https://user:secret@h/a",
        "https:///a",
        "https://h\\@evil/a",
        "https://h_%/a",
        "javascript://h/a",
        "https://h:5000:5000/a",
        "",
    ],
)
def test_anything_else_is_refused(url: str) -> None:
    """Before anything is asked."""
    with pytest.raises(InvalidUrl):
        parse(url)


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    """It is an address, or it is refused."""
    for url in (text, f"https://{text}", f"https://h/{text}"):
        try:
            address = parse(url)
        except InvalidUrl:
            continue
        assert parse(address.text).text == address.text


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("/v2/x?last=a", "https://h/v2/x?last=a"),
        ("?last=a", "https://h/v2/list?last=a"),
        ("//other/x", "https://other/x"),
        ("http://other/x", "http://other/x"),
    ],
)
def test_a_reference_is_read_at_its_base(reference: str, text: str) -> None:
    """As a browser does."""
    assert join(parse("https://h/v2/list?n=5"), reference).text == text
