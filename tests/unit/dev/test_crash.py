"""When the operator is killed, and what becomes of an assassin that fails."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from dev.crash import AfterTag, AfterWrite, Assassin, AssassinFailed, Blow, choose_blow


@dataclass
class Victim:
    """Notes what is done to it."""

    fate: list[str] = field(default_factory=list)
    immortal: bool = False

    def kill(self) -> None:
        """SIGKILL."""
        if self.immortal:
            msg = "it lives"
            raise OSError(msg)
        self.fate.append("killed")

    def start(self) -> None:
        """Start it anew."""
        self.fate.append("started")


def lost() -> bool:
    """A look for the moment that fails."""
    msg = "no registry"
    raise ConnectionError(msg)


def blows(seed: int) -> list[Blow]:
    """The blows of one run of 30 loops."""
    chance = random.Random(seed)
    return [choose_blow(chance, loop, writes=40) for loop in range(1, 31)]


def test_every_third_blow_waits_for_the_tag_of_a_build() -> None:
    """The others come after one of the writes; no pause is longer than 50 ms."""
    chosen = blows(1)

    assert [isinstance(blow.after, AfterTag) for blow in chosen] == [False, False, True] * 10
    assert {str(blow.after) for blow in chosen[2::3]} == {"tag 1.4.0-1", "tag 1.4.0-2"}
    counts = [blow.after.count for blow in chosen if isinstance(blow.after, AfterWrite)]
    assert all(1 <= count <= 40 for count in counts)
    assert all(0 <= blow.pause <= 0.05 for blow in chosen)


def test_the_same_seed_chooses_the_same_blows() -> None:
    """A failure can be looked at again."""
    assert blows(7) == blows(7)
    assert blows(7) != blows(8)


def test_the_victim_is_killed_once_and_started_again() -> None:
    """At the moment, or at the latest when the telling ends."""
    victim = Victim()
    assassin = Assassin(victim, lambda: False, pause=0.0)
    assassin.start()
    assassin.finish()

    assert victim.fate == ["killed", "started"]


@pytest.mark.parametrize(
    ("victim", "has_come", "words"),
    [
        (Victim(), lost, "ConnectionError: no registry"),
        (Victim(immortal=True), lambda: True, "OSError: it lives"),
    ],
)
def test_what_goes_wrong_in_the_thread_is_told(
    victim: Victim, has_come: Callable[[], bool], words: str
) -> None:
    """A telling that nobody disturbed must not count as one that was survived."""
    assassin = Assassin(victim, has_come, pause=0.0)
    assassin.start()
    assassin.join()

    with pytest.raises(AssassinFailed, match=words):
        assassin.finish()
