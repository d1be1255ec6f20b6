"""Servers that want to be left alone are."""

from __future__ import annotations

import pytest

from slipway.build.builders.contract import Running
from slipway.build.builders.errors import BuilderBusy
from slipway.build.builders.patient import Patience, PatientBuilder
from tests.support.ci.fake import ManualClock, json_reply, order_of
from tests.support.ci.github import FakeGitHub

LIMIT = json_reply({"message": "slow down"}, 429, [("Retry-After", "40")])


async def test_nothing_is_asked_until_the_time_is_over() -> None:
    """By nobody who comes with the same credential; the seconds that are left are told."""
    clock, fake = ManualClock(), FakeGitHub()
    patience = Patience(clock)
    async with fake.running() as running:
        first = PatientBuilder(running.builder, patience, "a")
        second = PatientBuilder(running.builder, patience, "a")
        run = await first.start(order_of())
        assert run is not None
        fake.words(fake.runs[0], "running")
        fake.instead = lambda _: LIMIT
        with pytest.raises(BuilderBusy) as told:
            await first.look(order_of(), run)
        fake.instead = lambda _: None
        asked = len(running.server.seen)
        clock.seconds = 30
        with pytest.raises(BuilderBusy) as repeated:
            await second.look(order_of(), run)
        assert len(running.server.seen) == asked
        assert str(repeated.value) == str(told.value)
        assert repeated.value.retry_after == pytest.approx(10)
        clock.seconds = 40
        assert isinstance(await second.look(order_of(), run), Running)


async def test_other_credentials_are_asked_on() -> None:
    """Limits are those of a credential."""
    clock, fake = ManualClock(), FakeGitHub()
    patience = Patience(clock)
    async with fake.running() as running:
        fake.instead = lambda _: LIMIT
        with pytest.raises(BuilderBusy):
            await PatientBuilder(running.builder, patience, "a").find(order_of())
        fake.instead = lambda _: None
        assert await PatientBuilder(running.builder, patience, "b").find(order_of()) is None


async def test_who_does_not_say_how_long_may_be_asked_again() -> None:
    """The caller has a pause of its own."""
    clock, fake = ManualClock(), FakeGitHub()
    async with fake.running() as running:
        builder = PatientBuilder(running.builder, Patience(clock), "a")
        fake.instead = lambda _: json_reply({}, 429)
        with pytest.raises(BuilderBusy):
            await builder.find(order_of())
        fake.instead = lambda _: None
        assert await builder.find(order_of()) is None
        assert not builder.starts_once
