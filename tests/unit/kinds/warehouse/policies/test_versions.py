from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.kinds.warehouse.policies.versions import parse_prerelease, precedence

ORDERED = [
    "1.0.0-0",
    "1.0.0-1",
    "1.0.0-9",
    "1.0.0-10",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.2.0",
    "1.10.0",
    "2.0.0",
]


def test_the_order_is_that_of_the_specification() -> None:
    """The examples of semver.org section 11, and numbers by value rather than by letters."""
    places = [precedence(tag) for tag in ORDERED]

    assert None not in places
    assert places == sorted(place for place in places if place is not None)
    assert len(set(places)) == len(places)


@pytest.mark.parametrize(
    ("left", "right"), [("1.4.0", "v1.4.0"), ("V1.4.0", "1.4.0+build.7"), ("1.0.0+a", "1.0.0+b")]
)
def test_a_leading_v_and_build_metadata_do_not_count(left: str, right: str) -> None:
    """They change how a version is written, not where it stands."""
    assert precedence(left) == precedence(right) is not None


@pytest.mark.parametrize(
    "tag",
    [
        *("", "1", "1.4", "v1", "latest", "1.4.x", "01.2.3", "1.02.3", "1.2.03", "1.2.3.4", "vv1.2.3"),
        *("1.2.3-", "1.2.3-01", "1.2.3-a..b", "1.2.3-é", "1.2.3+", "1.2.3\n", " 1.2.3", "-1.2.3"),
        *("\N{ARABIC-INDIC DIGIT ONE}.2.3", "1.2." + "9" * 5000),
    ],
)
def test_what_is_no_semantic_version_has_no_place(tag: str) -> None:
    """Moving tags such as 1.4, leading zeros and whatever a registry may invent are refused, never raised."""
    assert precedence(tag) is None


@given(st.text(max_size=30))
def test_any_text_has_a_place_or_none(text: str) -> None:
    """Whatever a registry lists, reading it never raises."""
    place = precedence(text)

    assert place is None or place == precedence(text)


@pytest.mark.parametrize("text", ["", "a..b", "01", "rc_1", "rc.1 "])
def test_a_broken_prerelease_is_refused(text: str) -> None:
    """What section 9 does not allow is an error, with the text in it."""
    with pytest.raises(ValueError, match="is no pre-release"):
        parse_prerelease(text)
