from __future__ import annotations

from datetime import timedelta

import pytest

from slipway.build.builders.contract import Cancelled, Failed, Running, Unknown
from slipway.build.builders.errors import NotOffered, RunUnidentified
from tests.support.ci.fake import order_of
from tests.support.ci.gitea import FakeGitea


async def test_a_run_that_a_runner_took_is_found_by_its_task() -> None:
    """By its number, which is all that tasks tell of it."""
    fake = FakeGitea(version=24, page_size=2)
    wanted = fake.dispatched(order_of())
    others = [fake.dispatched(order_of(f"{n:032x}")) for n in range(5)]
    async with fake.running() as running:
        for stored in (wanted, *others):
            fake.words(stored, "running")
        run = await running.builder.find(order_of())

    assert run is not None
    assert run.id == f"number-{wanted.number - 900}"
    assert run.url == f"{running.server.url}/shop/api/actions/runs/{wanted.number - 900}"


async def test_a_run_that_waits_cannot_be_told_from_none() -> None:
    """It has no task yet, so it is not started again."""
    fake = FakeGitea(version=24)
    async with fake.running() as running:
        assert await running.builder.start(order_of()) is None
        with pytest.raises(RunUnidentified, match="runner"):
            await running.builder.find(order_of())


@pytest.mark.parametrize(
    ("state", "kind"),
    [("running", Running), ("failed", Failed), ("cancelled", Cancelled), ("succeeded", Unknown)],
)
async def test_a_run_is_followed_as_far_as_its_tasks_tell(state: str, kind: type) -> None:
    """After a task that succeeded another job may follow: the tag in the registry is the end."""
    fake = FakeGitea(version=24)
    stored = fake.dispatched(order_of())
    async with fake.running() as running:
        fake.words(stored, "running")
        run = await running.builder.find(order_of())
        assert run is not None
        fake.words(stored, state)
        progress = await running.builder.look(order_of(), run)

    assert isinstance(progress, kind)
    assert progress.url == run.url


async def test_tasks_before_the_order_are_not_read() -> None:
    """The list goes back to the first task ever."""
    fake = FakeGitea(version=24, page_size=1)
    for n in range(9):
        stored = fake.dispatched(order_of(f"{n:032x}"))
        stored.created -= timedelta(hours=1)
        fake.words(stored, "succeeded")
    async with fake.running() as running:
        with pytest.raises(RunUnidentified):
            await running.builder.find(order_of())

    assert len(running.asked("GET", "/tasks")) == 1


async def test_it_cannot_be_cancelled() -> None:
    """And the message says where people can."""
    fake = FakeGitea(version=24)
    stored = fake.dispatched(order_of())
    async with fake.running() as running:
        fake.words(stored, "running")
        run = await running.builder.find(order_of())
        assert run is not None
        with pytest.raises(NotOffered, match="page"):
            await running.builder.cancel(order_of(), run)
