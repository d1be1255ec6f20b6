from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.oci.errors import AuthenticationFailed, RateLimited, RegistryError, RegistryUnreachable
from slipway.oci.exchange.renewing import Lease, Renewed
from tests.support.clouds import MovedClock


class Vendor:
    """Gives numbered values, can be held back, and can fail."""

    def __init__(self, lifetime: float = 3600.0) -> None:
        self.clock = MovedClock()
        self.lifetime = lifetime
        self.fetches = 0
        self.failure: RegistryError | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.renewed: Renewed[str] = Renewed(self.fetch, self.clock)

    async def fetch(self) -> Lease[str]:
        self.fetches += 1
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        return Lease(f"value {self.fetches}", self.lifetime)


async def test_a_value_is_kept_until_its_end_is_near() -> None:
    """At two thirds of its life it still holds; at three quarters it has been renewed."""
    vendor = Vendor()

    assert await vendor.renewed.get() == "value 1"
    vendor.clock.seconds = 3600 * 0.66
    assert await vendor.renewed.get() == "value 1"
    vendor.clock.seconds = 3600 * 0.76
    assert await vendor.renewed.get() == "value 2"
    assert vendor.renewed.held == ("value 2", "value 1")


async def test_it_tells_when_it_asks_anew() -> None:
    """Whoever hands the value on comes back then, and not before."""
    vendor = Vendor()
    assert vendor.renewed.renews_in == 0.0

    await vendor.renewed.get()
    wait = vendor.renewed.renews_in
    assert 3600 * 0.67 <= wait <= 3600 * 0.75
    vendor.clock.seconds = wait - 1
    assert await vendor.renewed.get() == "value 1"
    assert vendor.renewed.renews_in == pytest.approx(1)
    vendor.clock.seconds = wait + 1
    assert vendor.renewed.renews_in == 0.0
    assert await vendor.renewed.get() == "value 2"


async def test_one_caller_asks_for_all_that_wait() -> None:
    """A hundred at once cost one exchange."""
    vendor = Vendor()
    vendor.open.clear()
    callers = [asyncio.create_task(vendor.renewed.get()) for _ in range(100)]
    await asyncio.sleep(0)
    vendor.open.set()

    assert set(await asyncio.gather(*callers)) == {"value 1"}
    assert vendor.fetches == 1


async def test_those_who_waited_for_a_failure_share_it() -> None:
    """They do not ask again one after the other; the next caller does."""
    vendor = Vendor()
    vendor.failure = AuthenticationFailed("no")
    vendor.open.clear()
    callers = [asyncio.create_task(vendor.renewed.get()) for _ in range(10)]
    await asyncio.sleep(0)
    vendor.open.set()
    results = await asyncio.gather(*callers, return_exceptions=True)

    assert results == [vendor.failure] * 10
    assert vendor.fetches == 1
    vendor.failure = None
    assert await vendor.renewed.get() == "value 2"


async def test_a_caller_who_gives_up_takes_nothing_from_the_others() -> None:
    """The next one in the queue asks."""
    vendor = Vendor()
    vendor.open.clear()
    first = asyncio.create_task(vendor.renewed.get())
    second = asyncio.create_task(vendor.renewed.get())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    vendor.open.set()

    assert await second == "value 2"


@pytest.mark.parametrize("failure", [RegistryUnreachable("down"), RateLimited("slow down", 9.0)], ids=repr)
async def test_what_still_holds_is_used_while_the_vendor_does_not_answer(failure: RegistryError) -> None:
    """It is asked again every half minute to minute, until the value has ended."""
    vendor = Vendor()
    await vendor.renewed.get()
    vendor.failure = failure
    vendor.clock.seconds = 3600 * 0.76
    assert await vendor.renewed.get() == "value 1"
    assert await vendor.renewed.get() == "value 1"
    assert vendor.fetches == 2
    vendor.clock.seconds += 60
    assert await vendor.renewed.get() == "value 1"
    assert vendor.fetches == 3

    vendor.clock.seconds = 3600 - 29
    with pytest.raises(type(failure)):
        await vendor.renewed.get()


async def test_a_refusal_is_told_although_the_value_still_holds() -> None:
    """Keys that were taken away are no matter of waiting."""
    vendor = Vendor()
    await vendor.renewed.get()
    vendor.failure = AuthenticationFailed("the key was deleted")
    vendor.clock.seconds = 3600 * 0.92

    with pytest.raises(AuthenticationFailed):
        await vendor.renewed.get()


@settings(max_examples=25, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_life_is_between_a_minute_and_a_day(lifetime: float) -> None:
    """Whatever the vendor or a wrong clock says, nobody asks for each request, nor never again."""

    async def play() -> None:
        vendor = Vendor(lifetime)
        await vendor.renewed.get()
        vendor.clock.seconds = 39
        assert await vendor.renewed.get() == "value 1"
        vendor.clock.seconds = 24 * 3600
        assert await vendor.renewed.get() == "value 2"

    asyncio.run(play())


async def test_renewals_are_spread() -> None:
    """Values got at the same moment are not renewed at the same moment."""
    vendors = [Vendor() for _ in range(20)]
    for vendor in vendors:
        await vendor.renewed.get()

    assert len({vendor.renewed._renew_at for vendor in vendors}) > 10


def test_a_lease_does_not_show_its_value() -> None:
    """It may stand in a log."""
    assert "hunter2" not in repr(Lease("hunter2", 60.0))
