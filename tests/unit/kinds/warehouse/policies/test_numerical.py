from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.kinds.warehouse.policies.numerical import NumericalPolicy
from slipway.kinds.warehouse.policies.policy import Needs, Rejection
from slipway.oci.results import TagInfo
from tests.unit.kinds.warehouse.policies.ranked import ranked

integers = st.integers(min_value=0, max_value=10**40).map(str) | st.integers(0, 30).map(str)
decimals = st.builds("{}.{}".format, st.integers(0, 20), st.text(alphabet="019", min_size=1, max_size=30))
tags = st.lists(integers | decimals | st.sampled_from(["007", "latest", "1.2.3"]), unique=True, max_size=20)


def fraction(tag: str) -> Fraction | None:
    """The number as a fraction, read by hand."""
    whole, dot, part = tag.partition(".")
    if not whole.isdigit() or (dot and not part.isdigit()):
        return None
    return Fraction(int(whole + part), 10 ** len(part))


@given(tags)
@settings(max_examples=40)
def test_the_choice_is_that_of_exact_fractions(listed: list[str]) -> None:
    """However long the numbers are; among equal ones the alphabetically last tag."""
    numbers = {tag: number for tag in listed if (number := fraction(tag)) is not None}
    ascending = sorted(numbers, key=lambda tag: (numbers[tag], tag), reverse=True)
    descending = sorted(numbers, key=lambda tag: (-numbers[tag], tag), reverse=True)

    assert list(ranked(NumericalPolicy("Ascending"), listed).best) == ascending[:10]
    assert list(ranked(NumericalPolicy("Descending"), listed).best) == descending[:10]
    assert sum(ranked(NumericalPolicy(), listed).rejected.values()) == len(listed) - len(numbers)


def test_numbers_that_differ_in_the_last_of_forty_digits_differ() -> None:
    """Floating-point numbers, and negation of decimals, would round them to the same."""
    low, high = "1" * 39 + "1", "1" * 39 + "2"

    assert ranked(NumericalPolicy("Ascending"), [high, low]).best == (high, low)
    assert ranked(NumericalPolicy("Descending"), [high, low]).best == (low, high)


@pytest.mark.parametrize(
    "text", ["", "latest", "1.2.3", "1.", ".5", "1e5", "inf", "nan", "0x10", "1_000", "٣", "--1"]
)
def test_what_is_no_plain_number_is_not_numerical(text: str) -> None:
    """Whatever else a number parser may take."""
    assert NumericalPolicy().judge(text, TagInfo(text)) is Rejection.NOT_NUMERICAL


def test_it_needs_nothing_but_names() -> None:
    """And says what it looks for."""
    assert NumericalPolicy().needs is Needs.NOTHING
    assert NumericalPolicy().follows is None
    assert NumericalPolicy().wish == "a number"
