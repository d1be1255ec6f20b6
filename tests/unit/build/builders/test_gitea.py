from __future__ import annotations

from datetime import timedelta

import pytest

from slipway.build.builders.contract import Run
from slipway.build.builders.errors import NotOffered, RunUnidentified, TargetMissing
from tests.support.ci.fake import json_reply, order_of
from tests.support.ci.gitea import FakeGitea


async def test_the_list_is_not_read_back_to_the_first_run_ever() -> None:
    """It has no filter by time, so it is left where its runs are older than the order."""
    fake = FakeGitea(page_size=10)
    for n in range(60):
        stored = fake.dispatched(order_of(f"{n:032x}"))
        stored.created -= timedelta(hours=1)
        fake.words(stored, "succeeded")
    fake.dispatched(order_of("b" * 32))
    async with fake.running() as running:
        assert await running.builder.find(order_of()) is None

    assert len(running.server.seen) == 2


async def test_a_run_that_waits_has_no_time_and_is_found_all_the_same() -> None:
    """Its start is the zero time of Unix."""
    fake = FakeGitea(page_size=1)
    wanted = fake.dispatched(order_of())
    fake.dispatched(order_of("b" * 32))
    async with fake.running() as running:
        run = await running.builder.find(order_of())

    assert run is not None
    assert run.id == str(wanted.number)


async def test_a_page_of_another_workflow_is_not_the_end() -> None:
    """A repository with many of them has such pages."""
    fake = FakeGitea(page_size=5)
    wanted = fake.dispatched(order_of())
    for n in range(7):
        stored = fake.started({"file": "test.yml", "slipway_key": str(n)})
        fake.words(stored, "running")
    async with fake.running() as running:
        run = await running.builder.find(order_of())

    assert run is not None
    assert run.id == str(wanted.number)


async def test_runs_of_another_workflow_say_nothing_of_names() -> None:
    """The list has the runs of all workflows of the repository."""
    fake = FakeGitea(names_runs=False, file="other-image.yml")
    fake.dispatched(order_of())
    async with fake.running() as running:
        assert await running.builder.find(order_of()) is None
        fake.file = "image.yml"
        with pytest.raises(RunUnidentified, match="run-name"):
            await running.builder.find(order_of())


async def test_a_repository_that_is_not_there_is_missing() -> None:
    """Although an older version would answer so to the same question."""
    fake = FakeGitea()
    fake.instead = lambda _: json_reply({"message": "The target couldn't be found."}, 404)
    async with fake.running() as running:
        with pytest.raises(TargetMissing, match="shop/api"):
            await running.builder.find(order_of())
        with pytest.raises(TargetMissing):
            await running.builder.cancel(order_of(), Run("1000"))


@pytest.mark.parametrize("version", [24, 25])
async def test_a_version_without_details_tells_no_run(version: int) -> None:
    """What stands in the query is passed over there: one request, one run."""
    fake = FakeGitea(version=version)
    async with fake.running() as running:
        assert await running.builder.start(order_of()) is None

    assert len(running.server.seen) == len(fake.runs) == 1


async def test_a_run_that_is_over_is_cancelled_by_every_version() -> None:
    """There is nothing to do, even where it could not be done."""
    fake = FakeGitea(version=25)
    stored = fake.dispatched(order_of())
    fake.words(stored, "failed")
    async with fake.running() as running:
        await running.builder.cancel(order_of(), Run(str(stored.number)))
        fake.words(stored, "running")
        with pytest.raises(NotOffered, match="actions/runs/ID/cancel"):
            await running.builder.cancel(order_of(), Run(str(stored.number)))
