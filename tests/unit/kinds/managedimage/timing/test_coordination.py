from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.kinds.managedimage.timing.coordination import BaseState, Ready, WaitFor, coordination, first_move

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
WINDOW = timedelta(minutes=30)
MINUTE = timedelta(minutes=1)


def external(reference: str, moved: int | None = None) -> BaseState:
    """An external base that moved so many minutes ago."""
    return BaseState(reference, in_house=False, busy=False, moved_at=_ago(moved))


def in_house(reference: str, moved: int | None = None, *, busy: bool = False) -> BaseState:
    """A base that we build ourselves."""
    return BaseState(reference, in_house=True, busy=busy, moved_at=_ago(moved))


def _ago(minutes: int | None) -> datetime | None:
    return None if minutes is None else NOW - minutes * MINUTE


@pytest.mark.parametrize(
    ("bases", "names", "minutes"),
    [
        pytest.param(
            [external("node", 1), external("nginx")], ("nginx",), 29, id="one of two external moved"
        ),
        pytest.param(
            [external("node", 1), in_house("base", busy=True)], ("base",), 29, id="one is being built"
        ),
        pytest.param([in_house("a", 20), in_house("b", busy=True)], ("b",), 10, id="both in-house"),
        pytest.param(
            [external("c", 20), external("b"), external("a"), external("d", 2)],
            ("a", "b"),
            10,
            id="later moves do not begin the window anew",
        ),
        pytest.param(
            [in_house("a", 5, busy=True), in_house("b")], ("a",), 25, id="one that moved is being built again"
        ),
        pytest.param([external("node", -10), external("nginx")], ("nginx",), 40, id="the clock was put back"),
    ],
)
def test_a_build_waits_for_other_bases(bases: list[BaseState], names: tuple[str, ...], minutes: int) -> None:
    found = coordination(bases, WINDOW, NOW)

    assert isinstance(found, WaitFor)
    assert (found.names, found.until) == (names, NOW + minutes * MINUTE)


@pytest.mark.parametrize(
    ("bases", "window"),
    [
        pytest.param([external("node", 1)], WINDOW, id="an image with one base"),
        pytest.param([in_house("base", 1, busy=True)], WINDOW, id="one base, being built again"),
        pytest.param([external("node", 1), in_house("base")], WINDOW, id="the other one is idle and current"),
        pytest.param(
            [external("node", 1), in_house("base", 1)], WINDOW, id="the other one has moved and is idle"
        ),
        pytest.param([external("node", 1), external("nginx", 9)], WINDOW, id="all have moved"),
        pytest.param([external("node"), in_house("base", busy=True)], WINDOW, id="none has moved"),
        pytest.param([external("node", 30), external("nginx")], WINDOW, id="the window is over this moment"),
        pytest.param([external("node", 1), external("nginx")], timedelta(0), id="no window"),
        pytest.param(
            [external("node", 0), external("nginx")], timedelta(0), id="no window, moved this moment"
        ),
        pytest.param([external("node", -30), external("nginx")], WINDOW, id="the clock was put back far"),
        pytest.param([], WINDOW, id="no base"),
    ],
)
def test_a_build_waits_for_nothing(bases: list[BaseState], window: timedelta) -> None:
    assert coordination(bases, window, NOW) == Ready()


@pytest.mark.parametrize(
    ("waiting", "named"),
    [
        (["b"], "b"),
        (["c", "b"], "b and c"),
        (["d", "c", "b"], "b, c and d"),
        (["f", "e", "d", "c", "b"], "b, c, d and 2 more"),
    ],
)
def test_it_names_whom_it_waits_for_and_until_when(waiting: list[str], named: str) -> None:
    found = coordination([external("a", 0), *map(external, waiting)], WINDOW, NOW)

    assert isinstance(found, WaitFor)
    assert found.message == f"waits until 2026-11-21T09:30:00Z for {named} to move too"


bases_of = st.lists(
    st.builds(
        BaseState,
        st.text("abc", min_size=1, max_size=5),
        st.booleans(),
        st.booleans(),
        st.none() | st.integers(-90, 90).map(_ago),
    ),
    max_size=5,
    unique_by=lambda base: base.reference,
)
waits = st.integers(0, 60).map(lambda minutes: minutes * MINUTE)


@given(bases_of, waits)
def test_a_wait_ends_and_none_takes_longer_than_the_window_by_a_clock_that_is_not_put_back(
    bases: list[BaseState], window: timedelta
) -> None:
    match coordination(bases, window, NOW):
        case WaitFor(names, until, _):
            moved_at = first_move(bases)
            assert moved_at is not None
            assert NOW < until == moved_at + window < NOW + 2 * window
            assert set(names) < {base.reference for base in bases} or len(bases) == len(names) > 1
            assert coordination(bases, window, until) == Ready()
        case Ready():
            pass


@given(bases_of, waits, st.integers(0, 89))
def test_a_base_that_moves_later_never_lengthens_a_wait(
    bases: Sequence[BaseState], window: timedelta, which: int
) -> None:
    before = coordination(bases, window, NOW)
    if first_move(bases) is None:
        return
    idle = [base for base in bases if base.moved_at is None]
    moved = {base.reference for base in idle[which % len(idle) :][:1]} if idle else set[str]()
    later = [
        BaseState(base.reference, base.in_house, busy=False, moved_at=NOW)
        if base.reference in moved
        else base
        for base in bases
    ]
    begun = first_move(bases)
    assert begun is not None
    if begun > NOW:
        return  # then the move of this moment is the first

    after = coordination(later, window, NOW)

    assert isinstance(after, Ready) or (isinstance(before, WaitFor) and after.until == before.until)
