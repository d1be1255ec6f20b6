from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.kinds.warehouse.policies.policy import CANDIDATE_LIMIT
from slipway.kinds.warehouse.policies.semver import SemverPolicy
from tests.unit.kinds.warehouse.policies.oracle import best_tag
from tests.unit.kinds.warehouse.policies.ranked import ranked

numbers = st.integers(min_value=0, max_value=3)
prereleases = st.sampled_from(["", "", "-0", "-1", "-rc.1", "-rc.2", "-rc.10", "-alpha", "-alpha.1"])
fulls = st.builds(lambda a, b, c, pre: f"{a}.{b}.{c}{pre}", numbers, numbers, numbers, prereleases)
partials = st.one_of(
    st.builds(str, numbers),
    st.builds(lambda a, b: f"{a}.{b}", numbers, numbers),
    st.builds(lambda a, b: f"{a}.{b}.x", numbers, numbers),
    st.just("*"),
    fulls,
)
operators = st.sampled_from(["", "=", ">=", "<=", "~", "^", ">", "<"])
comparisons = st.builds(
    lambda operator, version: ("" if version == "*" else operator) + version, operators, partials
)
alternatives = st.one_of(
    st.builds(" - ".join, st.tuples(partials, partials)),
    st.builds(" ".join, st.lists(comparisons, min_size=1, max_size=3)),
)
ranges = st.builds(" || ".join, st.lists(alternatives, min_size=1, max_size=3))
tags = st.one_of(
    st.builds("{}{}{}".format, st.sampled_from(["", "v"]), fulls, st.sampled_from(["", "+b"])),
    st.sampled_from(["latest", "1", "1.2", "01.2.3", "main-3f9c1e"]),
)


@given(st.lists(tags, max_size=30), ranges, st.booleans())
def test_the_choice_is_that_of_the_slow_oracle(listed: list[str], text: str, allowed: bool) -> None:
    """For any tags and any range the chosen tag is the one found by comparing all versions by hand."""
    ranking = ranked(SemverPolicy.of(text, prereleases=allowed), listed)

    assert (ranking.best[0] if ranking.best else None) == best_tag(listed, text, prereleases=allowed)


@given(st.lists(tags, max_size=30), ranges, st.randoms(use_true_random=False))
def test_the_order_of_the_listing_plays_no_part(listed: list[str], text: str, rng: random.Random) -> None:
    """Registries list in any order; the same set of tags always gives the same ranking."""
    policy = SemverPolicy.of(text)
    shuffled = list(listed)
    rng.shuffle(shuffled)

    assert ranked(policy, listed) == ranked(policy, shuffled)


@given(st.lists(tags, unique=True, max_size=30), ranges)
def test_every_tag_is_accepted_or_counted(listed: list[str], text: str) -> None:
    """Candidates and rejections together are all tags, unless the candidates were cut at their limit."""
    ranking = ranked(SemverPolicy.of(text), listed)
    counted = len(ranking.best) + sum(ranking.rejected.values())

    assert counted == len(listed) or (len(ranking.best) == CANDIDATE_LIMIT and counted < len(listed))


def test_each_rejection_has_its_reason() -> None:
    """What a person needs to see why a tag was not chosen: how many fell for which reason."""
    ranking = ranked(SemverPolicy.of("~1.4"), ["1.4.0", "1.4.1-rc.1", "1.5.0", "latest", "1.4", "2.0.0"])

    assert ranking.best == ("1.4.0",)
    assert ranking.rejected == {"PreRelease": 1, "OutOfRange": 2, "NotSemver": 2}


def test_equal_versions_are_chosen_by_name() -> None:
    """1.4.0 and v1.4.0 are the same version; the alphabetically last is taken, always."""
    assert ranked(SemverPolicy.of("1"), ["1.4.0", "v1.4.0"]).best == ("v1.4.0", "1.4.0")


def test_prereleases_take_part_only_when_wanted() -> None:
    """The switch decides, not the range."""
    listed = ["1.4.0", "1.5.0-rc.1"]

    assert ranked(SemverPolicy.of(">=1.0.0"), listed).best == ("1.4.0",)
    assert ranked(SemverPolicy.of(">=1.0.0", prereleases=True), listed).best == ("1.5.0-rc.1", "1.4.0")


@pytest.mark.parametrize(("allowed", "words"), [(False, "a release in ~1.4"), (True, "a version in ~1.4")])
def test_the_wish_is_put_in_words(allowed: bool, words: str) -> None:
    """The words end the sentence that a person reads when no tag matches."""
    assert SemverPolicy.of("~1.4", prereleases=allowed).wish == words
