from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from slipway.build.builders import webhook
from slipway.build.builders.contract import Failed, Run, Succeeded, Unknown
from slipway.build.builders.errors import AnswerInvalid, SecretUnusable
from slipway.build.builders.inputs import correlation_of
from slipway.build.builders.webhook import WebhookBuilder, message_of
from slipway.http import HttpClient
from tests.support.ci.fake import json_reply, order_of
from tests.support.ci.receiver import FakeReceiver
from tests.support.raw_server import RawServer, Reply


async def test_the_order_is_told_whole() -> None:
    """As the docstring has it, without the names of Secrets."""
    fake = FakeReceiver()
    async with fake.running() as running:
        await running.builder.start(order_of())

    assert fake.body() == {
        "type": "slipway.build.requested",
        "timestamp": "2026-11-21T09:00:00Z",
        "data": {
            "image": {"name": "api", "namespace": "shop", "uid": order_of().uid},
            "build": {"key": "a" * 32, "number": 7, "timeoutSeconds": 1800},
            "reference": "registry.example.com:5000/shop/api:1.4.0-7",
            "repository": "registry.example.com:5000/shop/api",
            "tag": "1.4.0-7",
            "bases": [
                {"reference": "golang:1.25", "digest": f"sha256:{'2' * 64}"},
                {"reference": "python:3.12-slim", "digest": f"sha256:{'1' * 64}"},
            ],
            "source": {
                "url": "https://git.example.com/shop/api.git",
                "commit": "c" * 40,
                "path": "apps/api",
                "dockerfile": "Dockerfile",
                "target": "runtime",
                "buildArgs": [{"name": "VERSION", "value": "1.4.0"}],
                "platforms": ["linux/amd64"],
            },
            "inputs": {"channel": "stable"},
        },
    }


def test_every_field_stands_in_the_docstring() -> None:
    """Whoever writes a receiver reads it."""

    def names(value: object) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*map(names, value.values()))
        return set().union(*map(names, value)) if isinstance(value, list) else set()

    assert all(f'"{name}"' in (webhook.__doc__ or "") for name in names(message_of(order_of(), {})))


def test_an_order_without_a_source_has_none() -> None:
    """Then the receiver knows."""
    assert message_of(replace(order_of(), source=None), {})["data"]["source"] is None


async def test_delivered_twice_it_is_built_once() -> None:
    """The id is that of the order, and the time that of the attempt."""
    fake = FakeReceiver()
    async with fake.running() as running:
        first = await running.builder.start(order_of())
        running.clock.seconds += 60
        again = await running.builder.start(order_of())
        other = await running.builder.start(
            replace(order_of(), requested_at=order_of().requested_at + timedelta(minutes=1))
        )

    assert first == again != other
    assert len(fake.runs) == 2
    one, two, _ = running.server.seen
    assert one.headers["webhook-id"] == two.headers["webhook-id"] == correlation_of(order_of())
    assert int(two.headers["webhook-timestamp"]) - int(one.headers["webhook-timestamp"]) == 60
    assert one.body == two.body


@pytest.mark.parametrize(
    "body", [b"ok", b"", b"[]", b'"taken"', b"{}", b'{"statusUrl": 3, "id": "", "url": "x"}']
)
async def test_whatever_the_answer_says_the_order_is_taken(body: bytes) -> None:
    """Nobody tells how it goes then."""
    fake = FakeReceiver()
    fake.instead = lambda _: Reply(204 if not body else 200, body)
    async with fake.running() as running:
        run = await running.builder.start(order_of())
        assert run == Run(correlation_of(order_of()))
        assert await running.builder.look(order_of(), run) == Unknown()

    assert len(running.server.seen) == 1


async def test_a_status_url_may_be_whole_or_relative() -> None:
    """It is kept as the id of the run, for a later process."""
    fake = FakeReceiver(digest=f"sha256:{'d' * 64}")
    async with fake.running() as running:
        for status_url in (
            "/builds/{number}",
            "../builds/{number}",
            f"{running.server.url}/builds/{{number}}",
        ):
            fake.status_url = status_url
            run = await running.builder.start(order_of())
            assert run == Run(f"{running.server.url}/builds/1000", f"{running.server.url}/log/1000")
            fake.words(fake.runs[0], "succeeded")
            assert await running.builder.look(order_of(), run) == Succeeded(fake.digest, run.url)


async def test_a_status_url_on_another_host_is_not_asked() -> None:
    """Neither at once nor when somebody wrote it into the status; signatures go nowhere else."""
    async with RawServer(lambda _: json_reply({"status": "succeeded"})) as other:
        fake = FakeReceiver(status_url=f"{other.url}/builds/{{number}}")
        async with fake.running() as running:
            run = await running.builder.start(order_of())
            assert run == Run("build-1000", f"{running.server.url}/log/1000")
            for known in (run, Run(f"{other.url}/builds/1"), Run("file:///etc/passwd")):
                assert isinstance(await running.builder.look(order_of(), known), Unknown)

        assert other.seen == []


@pytest.mark.parametrize("body", [{}, {"status": "done"}, {"status": 3}, [], None, "succeeded"])
async def test_a_status_that_is_not_known_is_no_end(body: object) -> None:
    """The message names those that are."""
    fake = FakeReceiver()
    async with fake.running() as running:
        run = await running.builder.start(order_of())
        assert run is not None
        fake.instead = lambda _: json_reply(body)
        with pytest.raises(AnswerInvalid):
            await running.builder.look(order_of(), run)


async def test_a_failure_says_what_the_receiver_says() -> None:
    """On one line, and without secrets."""
    fake = FakeReceiver()
    async with fake.running() as running:
        run = await running.builder.start(order_of())
        assert run is not None
        fake.instead = lambda _: json_reply({"status": "failed", "message": "no\nspace, password=hunter22"})
        progress = await running.builder.look(order_of(), run)

    assert isinstance(progress, Failed)
    assert progress.message == "no space, password=***"


async def test_a_digest_that_is_none_is_read_from_the_registry() -> None:
    """As where there is no digest at all."""
    fake = FakeReceiver(digest="sha256:short")
    async with fake.running() as running:
        run = await running.builder.start(order_of())
        assert run is not None
        fake.words(fake.runs[0], "succeeded")

        assert await running.builder.look(order_of(), run) == Succeeded(None, run.url)


async def test_without_a_secret_nothing_is_sent() -> None:
    """Orders that nobody signed would be orders of anybody."""
    http = HttpClient()
    try:
        with pytest.raises(SecretUnusable):
            WebhookBuilder(http, "https://ci.example.com/hook", "")
    finally:
        await http.aclose()


def test_the_message_is_json_that_others_can_read() -> None:
    """And the same for the same order."""
    assert json.dumps(message_of(order_of(), {"b": "2", "a": "1"})) == json.dumps(
        message_of(order_of(), {"a": "1", "b": "2"})
    )
