"""What the pages promise of first sights: when something comes back, and when it never gets old enough."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from slipway.api.warehouse import ArtifactCommit, SeenDigest
from slipway.kinds.warehouse.commits import Candidate, Head, Kept, judge_head
from tests.support.faults import FaultyRegistry, stored_image
from tests.unit.kinds.warehouse import world as worlds
from tests.unit.kinds.warehouse.world import World, image

REPOSITORY = "shop/api"
ONE, OTHER = stored_image("one"), stored_image("other")
FOLLOWED = {"type": "Digest", "digest": {"tag": "stable"}}
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Warehouses and nothing else."""
    async with worlds.world() as made:
        yield made


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry whose tag a test moves to and fro."""
    with FaultyRegistry() as running:
        yield running


@pytest.mark.parametrize(
    ("spec", "is_remembered"),
    [
        pytest.param({}, False, id="as what has just come"),
        pytest.param({"minimumAge": "1m"}, True, id="with its age, where ages are kept"),
    ],
)
async def test_an_image_comes_back(
    world: World, registry: FaultyRegistry, spec: dict[str, str], is_remembered: bool
) -> None:
    """After another one was chosen in between."""
    world.make("api", image("app", f"{registry.host}/{REPOSITORY}", FOLLOWED), **spec)
    times = []
    for stored in (ONE, OTHER, ONE):
        registry.shelf.put(REPOSITORY, "stable", stored)
        for _ in range(2):  # with an age it is seen at first, and chosen at the next look
            looked = await world.look("api")
        assert looked.chosen() == ("stable", stored.digest)
        times.append(looked.artifact()["image"]["firstSeenAt"])

    first, between, again = times
    assert first < between
    assert again == first if is_remembered else again > between


def test_pushes_that_come_too_often_hold_a_commit_back() -> None:
    """As long as they come; a minimum age after the last of them it is chosen."""
    chosen = ArtifactCommit(url="https://git.example.com/a", ref="main", commit="0" * 40, first_seen_at=NOW)
    seen: tuple[SeenDigest, ...] = ()

    def judged(number: int, now: datetime) -> Kept | Candidate:
        head = Head("main", f"{number:040x}")
        return judge_head(chosen, seen, head, now, window=timedelta(seconds=30), minimum_age=DAY)

    for number in range(1, 41):
        verdict = judged(number, NOW + number * DAY / 2)
        assert isinstance(verdict, Kept)
        seen = verdict.ripening.seen

    last = NOW + 20 * DAY
    assert isinstance(judged(40, last + DAY - timedelta(seconds=1)), Kept)
    assert judged(40, last + DAY) == Candidate(last)
