from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from typing_extensions import override

from slipway.kinds.pulls import AT_ONCE, Pulls
from slipway.oci.errors import PullLimitReached
from slipway.oci.quota import Quota, QuotaKind
from tests.unit.engine.support import ManualClock

HOST = "docker.io"


@dataclass(eq=False)
class Counting:
    """A client of a registry that grants a hundred pulls, of which twenty belong to others."""

    clock: ManualClock
    left: int = 100
    resets_in: timedelta = timedelta(hours=6)
    most: int = 0
    under_way: int = field(default=0, init=False)

    @property
    def quota(self) -> dict[QuotaKind, Quota]:
        """What was told last."""
        return {QuotaKind.PULL: Quota(self.left, 100, self.clock.now() + self.resets_in)}

    def may_pull(self) -> bool:
        """While more than a fifth is left."""
        return self.quota[QuotaKind.PULL].allows(self.clock.now(), 80)

    async def read(self, pulls: Pulls) -> None:
        """Read an image, which costs a pull that is known of when the answer is there."""
        client: Any = self
        async with pulls.granted(client, HOST):
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            await asyncio.sleep(0)
            self.under_way -= 1
            self.left -= 1


class Silent(Counting):
    """A client of a registry whose API counts requests, of which none is left."""

    @property
    @override
    def quota(self) -> dict[QuotaKind, Quota]:
        """Nothing about pulls."""
        return {QuotaKind.API: Quota(0, 9, self.clock.now() + self.resets_in)}


async def test_many_at_once_leave_to_others_what_is_theirs() -> None:
    """Each waits until it is known what the ones before it cost; those under way come to an end."""
    client = Counting(clock := ManualClock(), left=50)
    pulls = Pulls(clock)

    ended = await asyncio.gather(*(client.read(pulls) for _ in range(200)), return_exceptions=True)

    refused = [error for error in ended if isinstance(error, PullLimitReached)]
    assert len(refused) == 200 - (50 - client.left)
    assert 20 - AT_ONCE < client.left <= 20
    assert client.most == AT_ONCE


async def test_where_pulls_are_not_counted_nobody_waits() -> None:
    """All are read at the same time, as far as the limits of the host allow."""
    client = Silent(clock := ManualClock())

    await asyncio.gather(*(client.read(Pulls(clock)) for _ in range(30)))

    assert client.most == 30


async def test_what_one_credential_used_up_is_no_matter_of_another() -> None:
    """Nor do they wait for each other."""
    pulls = Pulls(clock := ManualClock())
    spent, other = Counting(clock, left=20), Counting(clock)

    with pytest.raises(PullLimitReached):
        await spent.read(pulls)
    await other.read(pulls)

    assert (spent.left, other.left) == (20, 99)


@pytest.mark.parametrize(
    ("resets_in", "hours"),
    [(timedelta(hours=6), 6), (timedelta(hours=5, seconds=1), 6), (timedelta(seconds=30), 1)],
    ids=str,
)
async def test_whoever_is_refused_is_told_for_how_long(resets_in: timedelta, hours: int) -> None:
    """To the second for the next look, in whole hours for people: the words must not change all the time."""
    clock = ManualClock()

    with pytest.raises(
        PullLimitReached, match=f"docker.io .* at most {hours} h: .*pullBudgetPercent"
    ) as told:
        await Counting(clock, 20, resets_in).read(Pulls(clock))

    assert told.value.retry_after == resets_in.total_seconds()
