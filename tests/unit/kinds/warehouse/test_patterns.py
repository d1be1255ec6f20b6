from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.kinds.warehouse.patterns import InvalidPattern, PatternSet, compile_pattern, spans

pieces = st.sampled_from(
    ["a", "b", ".", "[^a]", "a+", "(a|b)", "(?i:B)", "^", "$", "b?", "[a-c]{2,3}", r"\d*", "(?:ab)*"]
)
patterns = st.builds("".join, st.lists(pieces, min_size=1, max_size=4))
tags = st.text(alphabet="abcB1.-", min_size=1, max_size=8)


@given(st.lists(patterns, min_size=1, max_size=6), st.lists(tags, max_size=10))
@settings(max_examples=60)
def test_a_set_matches_what_its_patterns_match_one_by_one(texts: list[str], listed: list[str]) -> None:
    """The set is nothing but a faster way to ask."""
    together, alone = PatternSet(texts), [compile_pattern(text) for text in texts]

    for tag in listed:
        expected = [number for number, pattern in enumerate(alone) if pattern.fullmatch(tag.encode())]
        assert sorted(together.matching(tag)) == expected


def test_thirty_two_of_the_largest_patterns_still_match_as_a_set() -> None:
    """A set that ran out of memory would answer that nothing matches."""
    largest = "(?:" + "[^b]{0,250}x?" * 1 + ")a?"
    texts = [f"{largest}{'a' * number}" for number in range(32)]
    together = PatternSet([text for text in texts if compile_pattern(text)])

    assert len(together.matching("a" * 40)) == 32
    assert together.matching("b") == []


def test_an_empty_set_matches_nothing() -> None:
    """There are subscriptions without patterns."""
    assert PatternSet([]).matching("a") == []


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("a" * 10_240, "has 10240 characters, more than 256"),
        ("(a)" * 1000, "has 3000 characters, more than 256"),
        ("((a{100}){100}){100}", "invalid repetition size|bad repetition operator"),
        (r"\pL{1000}", "pattern too large"),
        ("\ud800", "is not valid RE2"),
    ],
    ids=["10 KB", "1,000 groups", "nested repetitions", "large when compiled", "no text"],
)
def test_a_pattern_that_would_take_too_much_is_refused(pattern: str, problem: str) -> None:
    """Abuse 33: before anything is matched with it."""
    with pytest.raises(InvalidPattern, match=problem):
        compile_pattern(pattern)


def test_the_classic_catastrophe_takes_milliseconds_for_five_thousand_tags() -> None:
    """Abuse 32: Python's own engine takes seconds for a single one of them."""
    together = PatternSet(["(a+)+$"])
    listed = ["a" * 27 + "b", "a" * 128] * 2500
    started = time.process_time()
    matched = sum(bool(together.matching(tag)) for tag in listed)

    assert matched == 2500
    assert time.process_time() - started < 0.2  # on a quiet machine 10 ms


@given(st.text("av1.-", max_size=8))
def test_spans_are_those_of_a_match(text: str) -> None:
    """Of the bindings themselves, for the whole and for each group."""
    for pattern in (r"v?(\d+)\.(\d+)", r"(a)|(v)(1*)", r".*"):
        compiled = compile_pattern(pattern)
        found = compiled.fullmatch(text.encode())
        expected = None if found is None else [found.span(number) for number in range(compiled.groups + 1)]
        assert spans(compiled, text.encode()) == expected
