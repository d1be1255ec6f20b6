"""The history: how entries begin and end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from slipway.api.deployment import HistoryAction, HistoryEntry
from slipway.kinds.deployment.history import (
    History,
    begin,
    fail,
    finish,
    rollout_under_way,
    scaling_under_way,
    start_of,
    unrecorded,
)

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def entry(
    revision: int, action: HistoryAction = HistoryAction.UPDATE, *, minute: int | None = None
) -> HistoryEntry:
    """A change that began `minute` minutes (by default as many as its revision) after the start."""
    return HistoryEntry(
        revision=revision,
        action=action,
        started_at=START + timedelta(minutes=revision if minute is None else minute),
    )


def outcomes(history: History) -> list[str | None]:
    """Newest first."""
    return [known.outcome for known in history]


def test_next_rollout_supersedes_what_is_under_way() -> None:
    """An ended one stays as it is."""
    history = begin(finish(begin((), entry(1)), START), entry(2))
    history = begin(history, entry(3))

    assert outcomes(history) == [None, "Superseded", "Promoted"]
    assert history[1].finished_at == entry(3).started_at


def test_rollback_marks_the_rollout_it_leaves() -> None:
    """Whether that had been promoted, had failed or was under way."""
    for ended in (lambda history: history, lambda history: finish(history, START)):
        history = begin(ended(begin((), entry(2))), entry(1, HistoryAction.ROLLBACK, minute=9))

        assert outcomes(history) == [None, "RolledBack"]

    failed = fail(begin((), entry(2)), "crash", START)
    history = begin(failed, entry(1, HistoryAction.ROLLBACK, minute=9))

    assert outcomes(history) == [None, "RolledBack"]
    assert history[1].error == "crash"
    assert history[1].finished_at == START


def test_scales_and_rollouts_displace_their_own_kind() -> None:
    """A scale does not end a rollout, nor a rollout a scale."""
    history = begin((), entry(1))
    history = begin(history, entry(1, HistoryAction.SCALE, minute=2))
    history = begin(history, entry(1, HistoryAction.SCALE, minute=3))
    history = begin(history, entry(2, minute=4))

    assert outcomes(history) == [None, None, "Superseded", "Superseded"]
    assert rollout_under_way(history) is history[0]
    assert scaling_under_way(history) is history[1]
    assert outcomes(finish(history, START))[:2] == ["Promoted", "Promoted"]


def test_failed_rollout_that_recovers() -> None:
    """It is Promoted after all, without its error; an older failure stays."""
    history = begin(fail(begin((), entry(1)), "first", START), entry(2))
    history = finish(fail(history, "second", START), START)

    assert outcomes(history) == ["Promoted", "Failed"]
    assert [known.error for known in history] == [None, "first"]


def test_failing_twice_changes_nothing() -> None:
    """The first failure is the one that is told."""
    history = fail(begin((), entry(1)), "first", START)

    assert fail(history, "second", START + timedelta(hours=1)) == history


def test_long_errors_are_cut() -> None:
    """To what the field takes."""
    assert len(fail(begin((), entry(1)), "x" * 999, START)[0].error or "") == 256


def test_history_is_bounded() -> None:
    """The newest 50."""
    history: History = ()
    for number in range(1, 61):
        history = begin(history, entry(number))

    assert [known.revision for known in history] == list(range(60, 10, -1))


def test_unrecorded_change() -> None:
    """What the workload shows and the history lacks; an older one than the newest is none."""
    history = finish(begin(begin((), entry(1)), entry(3)), START)

    assert unrecorded((), None) is None
    assert unrecorded((), entry(1)) == entry(1)
    assert unrecorded(history, entry(4)) == entry(4)
    assert unrecorded(history, start_of(history[0])) is None
    assert unrecorded(history, entry(2)) is None
