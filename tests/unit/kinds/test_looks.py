from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from slipway.engine.key import Key
from slipway.kinds.looks import Cause, Look, Looks, Schedule, why_look
from slipway.kinds.stagger import next_due

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
INTERVAL = timedelta(minutes=5)
SCHEDULE = Schedule("u1", INTERVAL, retry=True)
KEY = Key("warehouses.slipway.dev", "shop", "api")


def look(**changes: object) -> Look[str]:
    """A look that was made just now and found something."""
    return replace(Look("u1", 3, NOW, Cause.POLL, "found"), **changes)  # type: ignore[arg-type]


def why(
    last: Look[str] | None,
    now: datetime = NOW,
    *,
    observed: int = 3,
    requested: bool = False,
    changed: bool = False,
) -> Cause | None:
    """Why an object of generation 3 is looked at."""
    return why_look(
        last, SCHEDULE, now, generation=3, observed_generation=observed, requested=requested, changed=changed
    )


def test_a_request_is_always_followed() -> None:
    """A person need not know when the next look is due."""
    assert why(look(), requested=True) is Cause.REQUEST
    assert why(None, requested=True) is Cause.REQUEST


def test_a_new_spec_is_looked_at_at_once() -> None:
    """Neither a new object nor a changed one waits for its moment."""
    assert why(None, observed=-1) is Cause.POLL
    assert why(None, observed=2) is Cause.POLL
    assert why(look(generation=2)) is Cause.POLL


def test_after_a_restart_a_known_object_waits_for_its_moment() -> None:
    """The status speaks of this generation, so somebody looked at it before us."""
    assert why(None, observed=3) is None


def test_the_interval_leads_to_one_look_at_its_staggered_moment() -> None:
    """Not before, and once it was made not again."""
    due = next_due("u1", INTERVAL, NOW)

    assert why(look(), due - timedelta(microseconds=1)) is None
    assert why(look(), due) is Cause.POLL
    assert why(look(at=due), due) is None
    assert SCHEDULE.next_look(look(), NOW) == due


def test_a_clock_that_was_set_back_does_not_stop_the_looks() -> None:
    """A look in the future counts as none."""
    assert why(look(at=NOW + timedelta(hours=1))) is Cause.POLL


def test_what_stands_between_us_and_the_registry_may_have_changed() -> None:
    """A credential that was repaired is tried at once."""
    assert why(look(failures=1), changed=True) is Cause.POLL
    assert why(look(failures=1), changed=False) is None


def test_a_registry_that_wants_to_be_left_alone_is() -> None:
    """Neither the interval nor a pause after trouble overrules it; a request does."""
    refused = look(failures=1, not_before=NOW + timedelta(hours=1))

    assert SCHEDULE.next_look(refused, NOW) == NOW + timedelta(hours=1)
    assert why(refused, NOW + timedelta(minutes=59)) is None
    assert why(refused, NOW + timedelta(hours=1)) is Cause.POLL
    assert why(refused, requested=True) is Cause.REQUEST


def test_without_retry_trouble_waits_for_the_interval() -> None:
    """What is only tested each interval is not tested more often because it fails."""
    schedule = replace(SCHEDULE, retry=False)

    assert schedule.next_look(look(failures=3), NOW) == next_due("u1", INTERVAL, NOW)


failures = st.integers(min_value=1, max_value=10_000)
intervals = st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=1))


@given(st.uuids().map(str), intervals, failures)
def test_trouble_is_looked_at_again_within_the_interval(uid: str, interval: timedelta, count: int) -> None:
    """No faster than a second, no slower than the interval, and due exactly when it was announced."""
    schedule = Schedule(uid, interval, retry=True)
    last = look(uid=uid, failures=count)
    again = schedule.next_look(last, NOW)
    regular = next_due(uid, interval, NOW)

    assert min(regular, NOW + timedelta(seconds=1)) <= again <= NOW + interval
    assert schedule.is_due(last, again)
    assert not schedule.is_due(last, again - timedelta(microseconds=1))


def test_pauses_grow() -> None:
    """A registry that stays away is asked less and less often."""
    long = Schedule("u1", timedelta(hours=24), retry=True)
    pauses = [long.next_look(look(failures=count), NOW) - NOW for count in range(1, 15)]

    assert pauses[0] <= timedelta(seconds=4)
    assert max(pauses[:4]) <= timedelta(seconds=32)
    assert max(pauses) > timedelta(minutes=10)


def test_looks_are_kept_per_object_and_uid() -> None:
    """An object of the same name that was made anew was never looked at."""
    looks: Looks[str] = Looks()
    looks.record(KEY, look())

    assert looks.last(KEY, "u1") == look()
    assert looks.last(KEY, "u2") is None
    looks.forget(KEY)
    assert looks.last(KEY, "u1") is None


def test_those_that_failed_together_are_due_again_at_one_moment() -> None:
    """One answer serves all their repeats."""
    schedule = Schedule("r.example.com/a", timedelta(minutes=5), retry=True)
    start = datetime(2026, 11, 21, 9, tzinfo=UTC)
    one: Look[str] = Look("1", 1, start, Cause.POLL, "trouble", failures=3)
    other: Look[str] = Look("2", 1, start + timedelta(milliseconds=5), Cause.POLL, "trouble", failures=3)
    due = schedule.next_look(one, start)

    later = due + timedelta(milliseconds=500)

    assert schedule.due_since(one, later) == schedule.due_since(other, later) == due
    assert schedule.due_since(one, due - timedelta(milliseconds=1)) is None
