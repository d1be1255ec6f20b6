from __future__ import annotations

import pytest

from slipway.binding import ALLOWED_HOSTS, hosts_named, matches


@pytest.mark.parametrize(
    ("annotation", "hosts"),
    [
        (None, ()),
        ("", ()),
        ("git.example.com", ("git.example.com",)),
        (" Git.Example.com , h:8443,, ", ("git.example.com", "h:8443")),
    ],
)
def test_the_annotation_lists_hosts(annotation: str | None, hosts: tuple[str, ...]) -> None:
    """Blanks and case do not matter; without it there is none."""
    assert hosts_named({} if annotation is None else {ALLOWED_HOSTS: annotation}) == hosts


@pytest.mark.parametrize(
    ("pattern", "host", "path", "is_match"),
    [
        ("h", "h", "", True),
        ("h:1", "h", "", False),
        ("h", "h:1", "", False),
        ("*.h", "a.h", "", True),
        ("*.h", "a.b.h", "", False),
        ("*", "a.h", "", False),
        ("h/shop", "h", "shop/api", True),
        ("h/shop", "h", "", False),
    ],
)
def test_hosts_match_as_the_kubelet_matches_them(pattern: str, host: str, path: str, is_match: bool) -> None:
    """Port, number of labels and path decide; a star stays within a label."""
    assert matches(pattern, host, path) is is_match
