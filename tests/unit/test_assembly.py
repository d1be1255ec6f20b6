"""What the probes of Kubernetes are told, and how the Lease is let go."""

from __future__ import annotations

from typing import Any, cast

import pytest

from slipway.assembly import Assembly
from slipway.engine.heartbeat import LOOP_SILENCE
from slipway.settings import Settings
from tests.unit.engine.support import ManualClock


class Waiting:
    """An election that is not won."""

    holding = False
    rival: str | None = "b"
    last_turn = 0.0


@pytest.fixture
def election() -> Waiting:
    """Somebody else works."""
    return Waiting()


@pytest.fixture
def clock() -> ManualClock:
    """Time stands still."""
    return ManualClock()


@pytest.fixture
def standby(election: Waiting, clock: ManualClock) -> Assembly:
    """An operator that stands by: nothing but its election moves."""
    nothing: Any = None
    return Assembly(
        settings=Settings(),
        kube=nothing,
        watched=(),
        store=nothing,
        handover=nothing,
        engine=nothing,
        ear=nothing,
        election=cast("Any", election),
        clock=clock,
    )


def test_who_stands_by_is_alive_as_long_as_it_looks(
    standby: Assembly, election: Waiting, clock: ManualClock
) -> None:
    """Kubernetes starts it anew only when it does nothing any more."""
    clock.seconds = election.last_turn = 1000
    assert standby._illness() is None

    clock.seconds += LOOP_SILENCE + 1
    assert standby._illness() == "nobody has looked at the Lease for 16 s"


def test_who_stands_by_says_whose_turn_it_is(standby: Assembly, election: Waiting) -> None:
    """Or, as long as nobody could be asked, that it is not ours."""
    assert standby._turn() == "standing by: b has the Lease"

    election.rival = None
    assert standby._turn() is None
    assert standby._delay() == "the Lease is not ours yet"
