from __future__ import annotations

import pytest

from slipway.engine.heartbeat import LOOP_SILENCE, WORKER_SILENCE, Pulse
from tests.unit.engine.support import ManualClock, key


def test_a_fresh_pulse_is_alive() -> None:
    """Before the first beat there is a start."""
    assert Pulse(ManualClock()).read(waiting=3).alive


def test_a_loop_without_beats_is_not_alive() -> None:
    """It is stuck in something that never yields."""
    clock = ManualClock()
    pulse = Pulse(clock)
    clock.seconds = LOOP_SILENCE
    assert not pulse.read(waiting=0).alive

    pulse.beat(idle=True)

    assert pulse.read(waiting=0).alive


@pytest.mark.parametrize(("waiting", "alive"), [(1, False), (0, True)])
def test_workers_that_do_not_move_while_keys_wait_are_not_alive(waiting: int, alive: bool) -> None:
    """Long runs are fine as long as nobody waits for a worker."""
    clock = ManualClock()
    pulse = Pulse(clock)
    with pulse.run(key()):
        clock.seconds = WORKER_SILENCE
        pulse.beat(idle=False)

        assert pulse.read(waiting=waiting).alive == alive


def test_idle_workers_are_alive_when_work_comes() -> None:
    """A night without work does not count against the first key of the morning."""
    clock = ManualClock()
    pulse = Pulse(clock)
    clock.seconds = 10 * WORKER_SILENCE
    pulse.beat(idle=True)

    assert pulse.read(waiting=1).alive


def test_any_run_that_begins_or_ends_is_a_move() -> None:
    """Also one that ends by an error."""
    clock = ManualClock()
    pulse = Pulse(clock)
    clock.seconds = 10
    with pulse.run(key()):
        assert pulse.read(waiting=1).since_move == 0
    with pytest.raises(RuntimeError), pulse.run(key()):
        raise failing(clock)

    clock.seconds = 17
    assert pulse.read(waiting=1).since_move == 2


def failing(clock: ManualClock) -> RuntimeError:
    """Five seconds go by, and then an error."""
    clock.seconds = 15
    return RuntimeError()


def test_the_longest_run_is_told() -> None:
    """For logs and metrics: who holds a worker for how long."""
    clock = ManualClock()
    pulse = Pulse(clock)
    assert (pulse.read(waiting=0).longest_run, pulse.read(waiting=0).running) == (0, 0)
    with pulse.run(key("long")):
        clock.seconds = 40
        with pulse.run(key("short")):
            clock.seconds = 42

            beat = pulse.read(waiting=0)

    assert (beat.longest_run, beat.running) == (42, 2)
