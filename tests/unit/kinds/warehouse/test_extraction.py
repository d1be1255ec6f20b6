from __future__ import annotations

import pytest

from slipway.kinds.warehouse.filters import TagFilter
from slipway.kinds.warehouse.patterns import InvalidPattern

PATTERN = "^(?P<line>[a-z]+)-(?P<version>[0-9.]+)(-x)?$"

READINGS = {
    "$version": "1.4",
    "${version}": "1.4",
    "$2": "1.4",
    "${2}x": "1.4x",
    "$line.$version": "main.1.4",
    "$0": "main-1.4",
    "v$version+$$1": "v1.4+$1",
    "$3": None,
    "fixed": "fixed",
}


@pytest.mark.parametrize("template", READINGS)
def test_a_template_is_filled_with_the_groups_of_the_pattern(template: str) -> None:
    """As Go's Expand does; a tag of which nothing is left does not pass."""
    tag_filter = TagFilter.of([PATTERN], [], template)

    assert tag_filter.text("main-1.4") == READINGS[template]
    assert tag_filter.sift(["main-1.4"]).not_matching == (READINGS[template] is None)


def test_the_first_pattern_that_matches_gives_the_groups() -> None:
    """Its place in the list decides, not which one is longer."""
    tag_filter = TagFilter.of(["v(?P<n>.+)", "(?P<n>.+)"], [], "$n")

    assert tag_filter.sift(["v1", "1"]).texts == ["1", "1"]
    assert tag_filter.sift(["v1", "1"]).passed == ["v1", "1"]


@pytest.mark.parametrize(
    ("include", "template", "problem"),
    [
        ([PATTERN], "$versoin", "names the group versoin, .* lacks: it has line, version, 0, 1, 2, 3"),
        ([PATTERN, "(.+)"], "$version", r"'\(\.\+\)' lacks: it has 0, 1"),
        ([PATTERN], "$4", "names the group 4"),
        ([PATTERN], "$1x", "names the group 1x"),
        ([PATTERN], "$", "cannot be read"),
        ([PATTERN], "${version", "cannot be read"),
        ([PATTERN], "$" + "{1}" * 60, "in at most 128 characters"),
        ([], "$1", "needs a pattern in include"),
    ],
)
def test_a_template_that_cannot_be_filled_is_refused_at_once(
    include: list[str], template: str, problem: str
) -> None:
    """Before any tag is read, with the groups that there are."""
    with pytest.raises(InvalidPattern, match=problem):
        TagFilter.of(include, [], template)


def test_a_text_never_grows_longer_than_a_tag() -> None:
    """Thirty times the whole tag is nothing to read."""
    assert TagFilter.of([".+"], [], "$0" * 30).text("a" * 5) is None
    assert TagFilter.of([".+"], [], "$0" * 25).text("a" * 5) == "a" * 125
