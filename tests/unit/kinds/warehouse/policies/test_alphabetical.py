from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.kinds.warehouse.policies.alphabetical import AlphabeticalPolicy
from slipway.kinds.warehouse.policies.policy import Needs
from slipway.kinds.warehouse.policies.ranking import rank
from tests.unit.kinds.warehouse.policies.ranked import ranked

tags = st.lists(st.text(alphabet="aB1_.-", min_size=1, max_size=4), unique=True, max_size=20)


@given(tags)
@settings(max_examples=40)
def test_the_choice_is_the_last_of_the_sorted_list(listed: list[str]) -> None:
    """As in Flux: ascending order ends with the greatest, descending with the least."""
    assert list(ranked(AlphabeticalPolicy("Ascending"), listed).best) == sorted(listed)[::-1][:10]
    assert list(ranked(AlphabeticalPolicy("Descending"), listed).best) == sorted(listed)[:10]


@given(tags)
@settings(max_examples=40)
def test_the_order_of_the_listing_plays_no_part(listed: list[str]) -> None:
    """A registry may list in any order."""
    policy = AlphabeticalPolicy("Descending")

    assert ranked(policy, listed) == ranked(policy, listed[::-1])


def test_of_equal_texts_the_alphabetically_last_tag_is_chosen() -> None:
    """In either order: two tags may be read as the same text."""
    for order in ("Ascending", "Descending"):
        policy = AlphabeticalPolicy(order)
        assert rank(policy, [("a-1", "1"), ("c-1", "1"), ("b-1", "1")], {}, 2).best == ("c-1", "b-1")


def test_it_needs_nothing_but_names() -> None:
    """And refuses none."""
    assert AlphabeticalPolicy().needs is Needs.NOTHING
    assert AlphabeticalPolicy().follows is None
    assert ranked(AlphabeticalPolicy(), ["a", "b"]).rejected == {}
    assert AlphabeticalPolicy().wish == "left by the tags filter"
