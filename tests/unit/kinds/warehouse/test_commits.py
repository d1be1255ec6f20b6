from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.api.warehouse import ArtifactCommit, SeenDigest
from slipway.kinds.warehouse.commits import Candidate, Head, HeadVerdict, Kept, judge_head
from slipway.kinds.warehouse.findings import NOTHING_RIPENS

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
WINDOW = timedelta(seconds=30)
AGE = timedelta(hours=1)
NEVER = timedelta(0)


def commit(name: str) -> str:
    """The id of a commit, made of one letter."""
    return name * 40


def chosen(name: str = "a", ref: str = "main", passed_over: str | None = None) -> ArtifactCommit:
    """What was chosen before."""
    return ArtifactCommit(
        url="https://git.example.com/shop/api.git",
        ref=ref,
        commit=commit(name),
        first_seen_at=NOW - timedelta(days=1),
        passed_over=commit(passed_over) if passed_over else None,
    )


def seconds(count: float) -> timedelta:
    """So many of them."""
    return timedelta(seconds=count)


def sight(name: str, ago: timedelta) -> SeenDigest:
    """What was seen so long ago."""
    return SeenDigest(digest=commit(name), at=NOW - ago)


def judge(
    before: ArtifactCommit | None,
    head: str,
    *seen: SeenDigest,
    ref: str = "main",
    now: datetime = NOW,
    window: timedelta = WINDOW,
    minimum_age: timedelta = NEVER,
) -> HeadVerdict:
    """The verdict on a head."""
    return judge_head(before, seen, Head(ref, commit(head)), now, window=window, minimum_age=minimum_age)


# --- what becomes of a head


def test_the_first_head_of_all_is_chosen_at_once() -> None:
    """Nothing is in use that could stay meanwhile."""
    assert judge(None, "a", minimum_age=AGE) == Candidate(NOW)


def test_what_is_chosen_stays_and_nothing_is_remembered() -> None:
    """Also when other commits came and went in between: a branch that was set back is as it was."""
    assert judge(chosen("a"), "a", sight("b", seconds(10))) == Kept(chosen("a"), NOTHING_RIPENS)


def test_a_commit_that_was_passed_over_is_not_looked_at_again() -> None:
    """As long as the ref points to it."""
    before = chosen("a", passed_over="b")

    assert judge(before, "b") == Kept(before, NOTHING_RIPENS)


def test_what_follows_a_commit_that_was_passed_over_counts_for_itself() -> None:
    """The window begins with it."""
    assert judge(chosen("a", passed_over="b"), "c", window=NEVER) == Candidate(NOW)


@pytest.mark.parametrize(
    ("seen", "head", "minimum_age", "expected"),
    [
        pytest.param([], "b", NEVER, seconds(30), id="the window begins when a head is first seen"),
        pytest.param(
            [sight("b", seconds(10))], "b", NEVER, seconds(20), id="it does not begin anew at each look"
        ),
        pytest.param(
            [sight("b", seconds(10))], "c", NEVER, seconds(20), id="a second push does not make it longer"
        ),
        pytest.param([sight("b", seconds(31))], "b", NEVER, None, id="after it the head is chosen"),
        pytest.param(
            [sight("b", seconds(30))], "b", NEVER, None, id="it is over in the very moment that it ends"
        ),
        pytest.param(
            [sight("b", seconds(31))], "c", NEVER, None, id="a head that came at its end is chosen with it"
        ),
        pytest.param([], "b", AGE, AGE, id="whoever must be older waits longer"),
        pytest.param(
            [sight("b", AGE)], "c", AGE, AGE, id="every head has an age of its own, whatever the window"
        ),
        pytest.param(
            [sight("c", seconds(5)), sight("b", AGE)],
            "b",
            AGE,
            None,
            id="a head that was seen before keeps its age",
        ),
    ],
)
def test_a_head_waits_for_the_window_and_for_its_age(
    seen: Sequence[SeenDigest], head: str, minimum_age: timedelta, expected: timedelta | None
) -> None:
    """What is said is when to look again; None is a head that may be chosen now."""
    verdict = judge(chosen("a"), head, *seen, minimum_age=minimum_age)

    if expected is None:
        assert isinstance(verdict, Candidate)
    else:
        assert isinstance(verdict, Kept)
        assert verdict.chosen == chosen("a")
        assert verdict.ripening.next_at == NOW + expected


def test_a_candidate_keeps_the_time_of_its_first_sight() -> None:
    """Not that of the window's begin."""
    verdict = judge(chosen("a"), "c", sight("c", seconds(5)), sight("b", seconds(40)))

    assert verdict == Candidate(NOW - seconds(5))


def test_what_waits_is_remembered_the_first_seen_first() -> None:
    """So that the next look knows when the window began."""
    verdict = judge(chosen("a"), "c", sight("b", seconds(10)))

    assert isinstance(verdict, Kept)
    assert verdict.ripening.seen == (sight("b", seconds(10)), sight("c", NEVER))


def test_looking_again_while_waiting_changes_nothing() -> None:
    """Nothing is written for a look that found nothing new."""
    first = judge(chosen("a"), "b")
    assert isinstance(first, Kept)

    assert judge(chosen("a"), "b", *first.ripening.seen, now=NOW + seconds(7)) == first


# --- another name for the same


@pytest.mark.parametrize("passed_over", [None, "b"], ids=["nothing else", "what was passed over"])
def test_another_ref_with_the_same_commit_is_taken_at_once(passed_over: str | None) -> None:
    """A new branch, or a second tag: there is nothing to wait for, since nothing changes."""
    before = chosen("a", ref="main", passed_over=passed_over)

    assert judge(before, "a", ref="release", minimum_age=AGE) == Candidate(NOW - timedelta(days=1))


# --- clocks


def test_a_moment_in_the_future_does_not_hold_anybody_up() -> None:
    """It was written before the clock was set back; the wait begins anew, and ends."""
    verdict = judge(chosen("a"), "b", sight("b", -timedelta(days=300)))

    assert isinstance(verdict, Kept)
    assert verdict.ripening.seen == (sight("b", NEVER),)
    assert verdict.ripening.next_at == NOW + WINDOW


# --- properties


NAMES = st.sampled_from("abcdef")


@given(st.lists(st.tuples(NAMES, st.integers(0, 90)), max_size=30), st.booleans())
@settings(max_examples=80)
def test_a_story_of_pushes_ends_with_its_last_head(story: list[tuple[str, int]], grow_old: bool) -> None:
    """Whatever was pushed when: what is chosen is always what the ref points to, and in the end its last."""
    age = seconds(60) if grow_old else NEVER
    before, now = chosen("a"), NOW
    seen: tuple[SeenDigest, ...] = ()
    for head, pause in [*story, *((story or [("a", 0)])[-1:] * 3)]:
        now += seconds(pause + 1)
        for _ in range(2):
            verdict = judge(before, head, *seen, now=now, minimum_age=age)
            if isinstance(verdict, Kept):
                assert verdict.chosen == before
                seen = verdict.ripening.seen
            else:
                assert head != before.commit[0], "nothing is chosen twice in a row"
                assert now - verdict.first_seen_at >= age
                before, seen = chosen(head), ()
    last = story[-1][0] if story else "a"
    assert judge(before, last, *seen, now=now + seconds(90), minimum_age=age) in (
        Kept(chosen(last), NOTHING_RIPENS),
        Candidate(next((one.at for one in seen if one.digest == commit(last)), now + seconds(90))),
    )


@given(st.integers(1, 200))
@settings(max_examples=20)
def test_what_is_remembered_stays_small_and_tells_when_the_window_began(pushes: int) -> None:
    """A robot that pushes without end neither fills the status nor keeps the window open."""
    seen: tuple[SeenDigest, ...] = ()
    for number in range(pushes):
        head = Head("main", f"{number:040x}")
        verdict = judge_head(
            chosen("f"), seen, head, NOW + seconds(number), window=timedelta(hours=1), minimum_age=NEVER
        )
        assert isinstance(verdict, Kept)
        seen = verdict.ripening.seen
        assert len(seen) <= 20
        assert verdict.ripening.next_at == NOW + timedelta(hours=1)
