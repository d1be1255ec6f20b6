from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.kinds.warehouse.policies.ranges import InvalidRange, parse_range
from slipway.kinds.warehouse.policies.versions import precedence

MEANINGS = {
    "~1.4": ("1.4.0 1.4.9 1.4.0-rc.1", "1.3.9 1.5.0 1.5.0-rc.1 2.4.0"),
    "~1.4.2": ("1.4.2 1.4.9", "1.4.1 1.4.2-rc.1 1.5.0 1.5.0-rc.1"),
    "~1": ("1.0.0 1.9.9", "0.9.9 2.0.0 2.0.0-rc.1"),
    "^1.4.2": ("1.4.2 1.9.0", "1.4.1 2.0.0 2.0.0-rc.1"),
    "^1.4": ("1.4.0 1.9.0", "1.3.9 2.0.0"),
    "^2": ("2.0.0 2.9.9", "1.9.9 3.0.0"),
    "^0.4.2": ("0.4.2 0.4.9", "0.5.0 0.4.1 1.0.0"),
    "^0.0.3": ("0.0.3", "0.0.2 0.0.4 0.1.0"),
    "^0.0": ("0.0.0 0.0.9", "0.1.0"),
    "^0": ("0.0.0 0.9.9", "1.0.0"),
    "1.2.x": ("1.2.0 1.2.9", "1.1.9 1.3.0"),
    "1.2.*": ("1.2.0 1.2.9", "1.3.0"),
    "1.2": ("1.2.0 1.2.9", "1.3.0"),
    "1.X": ("1.0.0 1.9.9", "2.0.0"),
    "=1.2.3": ("1.2.3 v1.2.3 1.2.3+b", "1.2.4 1.2.3-rc.1"),
    "1.2.3-rc.1": ("1.2.3-rc.1", "1.2.3 1.2.3-rc.2"),
    ">=1 <2": ("1.0.0 1.9.9", "0.9.9 2.0.0 2.0.0-rc.1"),
    ">=1.0.0 <2.0.0": ("1.0.0 2.0.0-rc.1", "1.0.0-rc.1 2.0.0"),
    ">= 1.2, < 1.4": ("1.2.0 1.3.9", "1.4.0"),
    ">=1.2,<1.4": ("1.2.0 1.3.9", "1.4.0"),
    ">1.2": ("1.3.0 2.0.0", "1.2.0 1.2.9"),
    ">1.2.3": ("1.2.4", "1.2.3"),
    "<=1.2": ("1.2.9 0.0.1", "1.3.0 1.3.0-rc.1"),
    "<=1.2.3": ("1.2.3", "1.2.4"),
    "1.2 - 1.4": ("1.2.0 1.4.9", "1.1.9 1.5.0"),
    "1.2.3 - 1.4.5": ("1.2.3 1.4.5", "1.2.2 1.4.6"),
    "* - 2": ("0.0.1 2.9.9", "3.0.0"),
    "*": ("0.0.0 9.9.9 1.0.0-rc.1", ""),
    "x": ("0.0.0 9.9.9", ""),
    ">=*": ("0.0.0 9.9.9", ""),
    "^1 || ^3": ("1.0.0 3.9.9", "2.0.0 4.0.0"),
    "v1.2.x": ("v1.2.0 1.2.1", "1.3.0"),
}


@pytest.mark.parametrize("text", MEANINGS)
def test_a_range_admits_what_its_documentation_says(text: str) -> None:
    """One line per form of the grammar: what lies in it, and what lies just outside."""
    wanted = parse_range(text)
    inside, outside = (versions.split() for versions in MEANINGS[text])

    assert [tag for tag in inside if not wanted.admits(precedence(tag))] == []  # type: ignore[arg-type]
    assert [tag for tag in outside if wanted.admits(precedence(tag))] == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    ["", " ", "||", "^1 ||", "latest", "1.2.3.4", ">>1", ">", "~", "1..2", "^1 - 2", "1 -2", ">*", "<x"],
)
@pytest.mark.parametrize("around", ["{}", "^1 || {} || ^1"])
def test_what_is_no_range_is_refused_with_the_text_and_examples(text: str, around: str) -> None:
    """The message repeats what was written and shows how it is done, since a person must fix it."""
    with pytest.raises(InvalidRange) as refused:
        parse_range(around.format(text))

    assert repr(around.format(text)) in str(refused.value)
    assert "write it like" in str(refused.value)


@pytest.mark.parametrize(
    "text",
    ["!=1", "1.2.3-a..b", "1.2.3-01", "1.2-rc", "a b", "=>1", "1.4 -", "[1,2)", "1.4\n||"],
)
def test_what_other_tools_write_is_refused_and_not_guessed(text: str) -> None:
    """Forms of other grammars, and versions that break the rules, are never read as something else."""
    with pytest.raises(InvalidRange) as refused:
        parse_range(text)

    assert repr(text) in str(refused.value)


@given(st.text(alphabet="0123456789.x*~^<>=|-, vrc", max_size=20))
def test_any_text_is_a_range_or_refused(text: str) -> None:
    """Nothing a person writes leads to another error than InvalidRange."""
    try:
        wanted = parse_range(text)
    except InvalidRange:
        return

    assert wanted.admits((1, 2, 3, (1, ()))) in {True, False}
