from __future__ import annotations

from datetime import timedelta

import pytest

from slipway.build.builders.actions import Workflow
from slipway.build.builders.contract import Cancelled, Run
from slipway.build.builders.errors import OrderRefused, RunUnidentified
from slipway.build.builders.github import GitHubBuilder
from slipway.http import HttpClient
from tests.support.ci.fake import TOKEN, order_of
from tests.support.ci.github import FakeGitHub


async def test_an_older_server_is_asked_again_without_the_details() -> None:
    """It refuses what it does not know before it starts anything: there is one run."""
    fake = FakeGitHub(knows_details=False)
    async with fake.running() as running:
        assert await running.builder.start(order_of()) is None

    assert len(running.server.seen) == 2
    assert len(fake.runs) == 1


async def test_an_input_that_is_not_declared_is_told() -> None:
    """GitHub names it, and we say where it belongs."""
    fake = FakeGitHub(declared=["channel", "slipway_key"])
    async with fake.running() as running:
        with pytest.raises(OrderRefused, match=r"slipway_image.*declare every input") as caught:
            await running.builder.start(order_of())

    assert caught.value.status == 422
    assert fake.runs == []


async def test_an_older_server_tells_of_undeclared_inputs_just_so() -> None:
    """The second question is no less explained than the first."""
    fake = FakeGitHub(knows_details=False, declared=[])
    async with fake.running() as running:
        with pytest.raises(OrderRefused, match="declare every input"):
            await running.builder.start(order_of())


async def test_a_workflow_without_the_key_in_its_name_is_not_run_twice() -> None:
    """Nobody can tell whose run it is, and the message says how to change that."""
    fake = FakeGitHub(names_runs=False)
    fake.dispatched(order_of())
    async with fake.running() as running:
        with pytest.raises(RunUnidentified, match="run-name"):
            await running.builder.find(order_of())


async def test_only_recent_runs_are_listed() -> None:
    """From a quarter of an hour before the order, for clocks differ."""
    fake = FakeGitHub()
    stored = fake.dispatched(order_of())
    async with fake.running() as running:
        stored.created -= timedelta(minutes=14)
        assert await running.builder.find(order_of()) is not None
        stored.created -= timedelta(minutes=2)
        assert await running.builder.find(order_of()) is None


async def test_a_run_that_cannot_be_cancelled_is_ended_by_force() -> None:
    """409 says of a run that is over what it says of one that just cannot be asked."""
    fake = FakeGitHub(refuses=("/cancel",))
    async with fake.running() as running:
        stored = fake.dispatched(order_of())
        fake.words(stored, "running")
        run = Run(str(stored.number))
        await running.builder.cancel(order_of(), run)

        assert isinstance(await running.builder.look(order_of(), run), Cancelled)
        assert len(running.asked("POST", "/force-cancel")) == 1


async def test_a_run_that_cannot_be_ended_is_told() -> None:
    """As long as it is not queued; it is no end, so the caller asks again."""
    fake = FakeGitHub(refuses=("/cancel", "/force-cancel"))
    async with fake.running() as running:
        stored = fake.dispatched(order_of())
        with pytest.raises(OrderRefused, match="later"):
            await running.builder.cancel(order_of(), Run(str(stored.number)))


@pytest.mark.parametrize(
    "own", [{f"input{n}": "x" for n in range(19)}, {"notes": "x" * 65_535}], ids=["too many", "too long"]
)
async def test_more_inputs_than_github_takes_are_not_sent(own: dict[str, str]) -> None:
    """25 of 65,535 characters together; the message says what to remove."""
    fake = FakeGitHub()
    async with fake.running() as running:
        workflow = Workflow("shop", "api", "image.yml", "main", own)
        with pytest.raises(OrderRefused, match="remove"):
            await GitHubBuilder(running.http, workflow, TOKEN, running.server.url).start(order_of())

    assert running.server.seen == []


async def test_as_many_inputs_as_github_takes_are_sent() -> None:
    """Seven are ours."""
    fake = FakeGitHub()
    async with fake.running() as running:
        workflow = Workflow("shop", "api", "image.yml", "main", {f"input{n}": "x" for n in range(18)})
        await GitHubBuilder(running.http, workflow, TOKEN, running.server.url).start(order_of())

    assert len(fake.runs[0].inputs) == 25


async def test_github_itself_is_asked_by_default() -> None:
    """Nobody has to know the address of its API."""
    http = HttpClient()
    try:
        builder = GitHubBuilder(http, Workflow("shop", "api", "image.yml", "main"), TOKEN)
        assert builder._api._base == "https://api.github.com/"
    finally:
        await http.aclose()
