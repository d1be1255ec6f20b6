from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.dockerfile.errors import FaultError
from slipway.build.dockerfile.wildcard import Wildcard

VALUES = st.text(alphabet="ab.", max_size=8)
PATTERNS = st.text(alphabet="ab.*?", min_size=1, max_size=5)


def matches(pattern: str, value: str) -> bool:
    """What a pattern means, without regard to time."""
    if not pattern:
        return not value
    if pattern[0] == "*":
        return any(matches(pattern[1:], value[start:]) for start in range(len(value) + 1))
    return bool(value) and pattern[0] in {"?", value[0]} and matches(pattern[1:], value[1:])


@given(PATTERNS, VALUES, st.booleans())
def test_the_shortest_or_longest_beginning_is_cut(pattern: str, value: str, longest: bool) -> None:
    ends = [end for end in range(len(value) + 1) if matches(pattern, value[:end])]
    expected = value[(max if longest else min)(ends) :] if ends else value
    assert Wildcard.parse(pattern).without_prefix(value, longest=longest) == expected


@given(PATTERNS, VALUES, st.booleans())
def test_the_shortest_or_longest_end_is_cut(pattern: str, value: str, longest: bool) -> None:
    starts = [start for start in range(len(value) + 1) if matches(pattern, value[start:])]
    expected = value[: (min if longest else max)(starts)] if starts else value
    assert Wildcard.parse(pattern).without_suffix(value, longest=longest) == expected


@given(PATTERNS, VALUES)
def test_the_first_and_longest_match_is_replaced(pattern: str, value: str) -> None:
    places = [
        (start, -end)
        for start in range(len(value) + 1)
        for end in range(start, len(value) + 1)
        if matches(pattern, value[start:end])
    ]
    start, end = min(places, default=(0, None))
    expected = value if end is None else value[:start] + "Z" + value[-end:]
    assert Wildcard.parse(pattern).replaced(value, "Z", everywhere=False) == expected


@pytest.mark.parametrize(
    ("pattern", "value", "expected"),
    [
        ("a", "banana", "bZnZnZ"),
        ("a?", "banana", "bZZa"),
        ("n*", "banana", "baZ"),
        ("x", "banana", "banana"),
        ("", "banana", "banana"),
        ("*", "", "Z"),
        ("\\*", "a*b", "aZb"),
        ("\\?", "a?b", "aZb"),
        ("\\\\", "a\\b", "aZb"),
        ("\\/", "a/b", "aZb"),
        ("[ab]", "a[ab]", "aZ"),
        ("a\nb", "a\nb", "Z"),
    ],
)
def test_all_matches_are_replaced(pattern: str, value: str, expected: str) -> None:
    """Escapes take the meaning from what they stand before, and brackets have none."""
    assert Wildcard.parse(pattern).replaced(value, "Z", everywhere=True) == expected


@pytest.mark.parametrize("pattern", ["\\a", "a\\", "\\ "])
def test_an_escape_that_means_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(FaultError, match="escapes what needs no escape"):
        Wildcard.parse(pattern)


def test_replacements_that_multiply_are_refused_before_they_are_made() -> None:
    with pytest.raises(FaultError, match="more than 65536 characters"):
        Wildcard.parse("a").replaced("a" * 1000, "b" * 1000, everywhere=True)
