from __future__ import annotations

import pytest

from slipway.build.builders.contract import Failed, Run, Unknown
from slipway.build.builders.errors import (
    NotOffered,
    OrderRefused,
    RunUnidentified,
    SecretUnusable,
    TargetMissing,
    TokenDenied,
)
from slipway.build.builders.gitlab import GitLabBuilder, Pipeline
from slipway.http import HttpClient
from tests.support.ci.fake import TOKEN, json_reply, order_of
from tests.support.ci.gitlab import TRIGGER_TOKEN, FakeGitLab


async def test_a_named_pipeline_is_found_by_one_request() -> None:
    """Its variables are not read."""
    fake = FakeGitLab()
    fake.dispatched(order_of())
    fake.dispatched(order_of("b" * 32))
    async with fake.running() as running:
        assert await running.builder.find(order_of()) is not None

    assert len(running.server.seen) == 1


async def test_variables_that_may_not_be_read_prove_nothing() -> None:
    """So the pipeline is not started again, and the message says what to change."""
    fake = FakeGitLab(names_runs=False, hides_variables=True)
    fake.dispatched(order_of())
    async with fake.running() as running:
        with pytest.raises(RunUnidentified, match="Maintainer"):
            await running.builder.find(order_of())


async def test_the_variables_of_too_many_pipelines_are_not_read() -> None:
    """A name tells them apart at no cost."""
    fake = FakeGitLab(names_runs=False)
    for n in range(101):
        fake.dispatched(order_of(f"{n:032x}"))
    async with fake.running() as running:
        with pytest.raises(RunUnidentified, match="name: image"):
            await running.builder.find(order_of())

    assert running.asked("GET", "/variables") == []


async def test_a_trigger_token_alone_starts_and_does_no_more() -> None:
    """It cannot find, follow or cancel, and says so; the tag in the registry is the end."""
    fake = FakeGitLab(by_trigger=True, may_ask=False)
    async with fake.running() as running:
        run = await running.builder.start(order_of())
        assert run is not None
        assert await running.builder.look(order_of(), run) == Unknown(run.url)
        with pytest.raises(RunUnidentified, match="token of the API"):
            await running.builder.find(order_of())
        with pytest.raises(NotOffered, match="token of the API"):
            await running.builder.cancel(order_of(), run)

    assert len(running.server.seen) == 1


async def test_a_wrong_trigger_token_is_nothing_that_is_there() -> None:
    """GitLab tells it from a project that is missing in no way."""
    async with FakeGitLab(by_trigger=True).running() as running:
        builder = GitLabBuilder(
            running.http, Pipeline("shop/api", "main"), None, trigger_token="wrong", base=running.server.url
        )
        with pytest.raises(TargetMissing, match="token"):
            await builder.start(order_of())


async def test_what_gitlab_says_is_wrong_is_passed_on() -> None:
    """It says so in lists by field."""
    async with FakeGitLab().running() as running:
        builder = GitLabBuilder(running.http, Pipeline("shop/api", "gone"), TOKEN, base=running.server.url)
        with pytest.raises(OrderRefused, match=r"Reference not found.*gone must be there"):
            await builder.start(order_of())


async def test_a_failed_pipeline_is_judged_by_its_jobs() -> None:
    """One more request, and only then."""
    fake = FakeGitLab(failed_jobs=[{"failure_reason": "runner_system_failure"}])
    stored = fake.dispatched(order_of())
    fake.words(stored, "failed")
    async with fake.running() as running:
        progress = await running.builder.look(order_of(), Run(str(stored.number)))

    assert isinstance(progress, Failed)
    assert progress.is_infrastructure
    assert len(running.asked("GET", "/jobs")) == 1


async def test_a_cancellation_that_is_refused_is_told_unless_it_is_over() -> None:
    """Some versions refuse it for what is over."""
    fake = FakeGitLab()
    stored = fake.dispatched(order_of())
    fake.instead = lambda seen: (
        json_reply({"message": "403 Forbidden"}, 403) if seen.method == "POST" else None
    )
    async with fake.running() as running:
        fake.words(stored, "running")
        with pytest.raises(TokenDenied):
            await running.builder.cancel(order_of(), Run(str(stored.number)))
        fake.words(stored, "succeeded")
        await running.builder.cancel(order_of(), Run(str(stored.number)))


async def test_a_project_may_be_named_by_its_number() -> None:
    """As GitLab has it for a project that moves."""
    fake = FakeGitLab()
    async with fake.running() as running:
        builder = GitLabBuilder(running.http, Pipeline("42", "main"), TOKEN, base=f"{running.server.url}/")
        with pytest.raises(TargetMissing, match="project 42"):
            await builder.look(order_of(), Run("7"))

    assert running.server.seen[0].path == "/api/v4/projects/42/pipelines/7"


async def test_without_a_token_nothing_can_be_done() -> None:
    """An empty text is no token."""
    http = HttpClient()
    try:
        with pytest.raises(SecretUnusable, match="put one"):
            GitLabBuilder(http, Pipeline("shop/api", "main"), "", trigger_token="")
    finally:
        await http.aclose()


def test_the_token_in_the_form_is_that_of_the_trigger() -> None:
    """The fake would not take another; here is the proof that it looks."""
    assert TRIGGER_TOKEN != TOKEN
