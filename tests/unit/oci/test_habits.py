from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slipway.oci.habits import Habits


def _whole(*lengths: int) -> Habits:
    """A registry on which lists of these lengths were whole."""
    habits = Habits()
    for length in lengths:
        if habits.may_be_cut(length, 1000):
            habits.note(length, was_cut=False)
    return habits


def test_a_stranger_is_looked_behind() -> None:
    """However short its list is."""
    assert Habits().may_be_cut(1, 1000)


def test_a_registry_does_not_cut_below_what_it_gave_at_once() -> None:
    """Fifty entries prove that it gives fifty; of longer lists they prove nothing."""
    assert not _whole(50).may_be_cut(49, 1000)
    assert _whole(50).may_be_cut(51, 1000)


def test_lists_of_one_length_are_believed_after_three() -> None:
    """The first may have had just as many entries as the registry gives at once."""
    assert _whole(50, 50).may_be_cut(50, 1000)
    assert not _whole(50, 50, 50).may_be_cut(50, 1000)
    assert _whole(50, 50, 50, 60, 60).may_be_cut(60, 1000)
    assert not _whole(50, 50, 50, 60).may_be_cut(50, 1000)


def test_a_list_as_long_as_was_asked_for_may_always_be_cut() -> None:
    """Whatever others were."""
    assert _whole(5000).may_be_cut(1000, 1000)
    assert not _whole(5000).may_be_cut(1000, None)


def test_the_length_at_which_lists_were_cut_is_never_believed_again() -> None:
    """A registry gives so many at once, and that is all; shorter lists are whole."""
    habits = _whole(50, 50, 50)
    habits.note(50, was_cut=True)

    assert [habits.may_be_cut(length, 1000) for length in (49, 50)] == [False, True]


@given(st.integers(1, 60), st.lists(st.integers(1, 100), max_size=30))
def test_a_registry_that_cuts_at_one_length_is_found_out(limit: int, lists: list[int]) -> None:
    """At the first list that it cuts, unless three others had exactly the length that it cuts at before."""
    habits, full = Habits(), 0
    for length in lists:
        given = min(length, limit)
        is_looked_behind = habits.may_be_cut(given, 1000)
        if is_looked_behind:
            habits.note(given, was_cut=length > limit)
        full += length == limit
        assert is_looked_behind or length <= limit or full >= 3
