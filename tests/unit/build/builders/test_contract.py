"""What every builder keeps, whatever its vendor's API is like. A new one is one line in `VENDORS`."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from slipway.build.builders.contract import Cancelled, Failed, Pending, Run, Running, Succeeded
from slipway.build.builders.errors import (
    AnswerInvalid,
    AnswerTooLarge,
    BuilderBusy,
    BuilderError,
    BuilderFailing,
    BuilderTimeout,
    BuilderUnreachable,
    NotOffered,
    OrderRefused,
    TargetMissing,
    TokenDenied,
    TokenRefused,
)
from slipway.build.builders.inputs import correlation_of
from slipway.build.builders.order import BuildOrder
from slipway.kube.errors import KubeError, Unreachable
from tests.support.ci.fake import TOKEN, FakeCi, json_reply, order_of
from tests.support.ci.fake import Running as Serving
from tests.support.ci.gitea import FakeGitea
from tests.support.ci.github import FakeGitHub
from tests.support.ci.gitlab import TRIGGER_TOKEN, FakeGitLab
from tests.support.ci.jobs import FakeJobs
from tests.support.ci.receiver import SECRET, FakeReceiver
from tests.support.raw_server import Hanging, RawServer, Reply, Seen, Streaming

HTML = Reply(200, b"<!doctype html><form action=/login>", (("Content-Type", "text/html"),))
HUGE = Reply(200, b"[", (("Content-Length", "999999999"), ("Connection", "close")))
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."

# What is refused was not done; what fails may have been done before it failed.
REFUSALS: dict[str, tuple[Reply, type[BuilderError], bool]] = {
    "400": (json_reply({"message": "no"}, 400), OrderRefused, False),
    "401": (json_reply({"message": "Bad credentials"}, 401), TokenRefused, False),
    "403": (json_reply({"message": "Resource not accessible"}, 403), TokenDenied, False),
    "404": (json_reply({"message": "Not Found"}, 404), TargetMissing, False),
    "408": (Reply(408), BuilderTimeout, True),
    "410": (Reply(410), TargetMissing, False),
    "422": (json_reply({"message": "no"}, 422), OrderRefused, False),
    "429": (Reply(429), BuilderBusy, False),
    "403 of a secondary limit": (json_reply({"message": SECONDARY}, 403), BuilderBusy, False),
    "500": (Reply(500, b"oops"), BuilderFailing, True),
    "a page of a web site": (HTML, AnswerInvalid, True),
    "503": (Reply(503), BuilderFailing, True),
    "JSON that ends early": (Reply(200, b'{"id":'), AnswerInvalid, True),
    "a huge body": (HUGE, AnswerTooLarge, True),
}

TROUBLES = ("lost answer", "server error", "crash")

RATE_LIMITS: dict[str, tuple[Reply, float | None]] = {
    "429 with Retry-After": (Reply(429, b"", (("Retry-After", "17"),)), 17.0),
    "403 with Retry-After": (Reply(403, b"", (("Retry-After", "60"),)), 60.0),
    "nothing remaining until a Unix time": (
        Reply(403, b"", (("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", "1795251690"))),
        90.0,
    ),
    "GitLab's name for that time": (Reply(429, b"", (("RateLimit-Reset", "1795251630"),)), 30.0),
    "a secondary limit in words": (json_reply({"message": SECONDARY}, 403), 60.0),
    "a secondary limit with a reset of the primary one": (
        json_reply(
            {"message": SECONDARY}, 403, (("X-RateLimit-Remaining", "4000"), ("X-RateLimit-Reset", "9"))
        ),
        60.0,
    ),
    "nothing said": (Reply(429), None),
    "nonsense": (Reply(429, b"", (("Retry-After", "soon"),)), None),
}


@dataclass(frozen=True)
class Vendor:
    """One builder, and how its vendor differs from the others."""

    fake: Callable[[], FakeCi]
    finds: bool = True
    """Whether runs can be found by the key."""

    cancels: bool = True
    tells_at_once: bool = True
    """Whether the answer to a dispatch tells the run."""

    takes_anything: bool = False
    """Whether every answer of 2xx takes the order, whatever it says."""

    is_inside: bool = False
    """Whether it is the API server of Kubernetes, whose errors are its own, and which links no logs."""

    keeps: bool = True
    """Whether a run that was cancelled stays to be looked at."""


VENDORS = {
    "GitHub": Vendor(FakeGitHub),
    "GitHub Enterprise Server before 3.21": Vendor(
        lambda: FakeGitHub(knows_details=False), tells_at_once=False
    ),
    "GitLab": Vendor(FakeGitLab),
    "GitLab by trigger token": Vendor(lambda: FakeGitLab(by_trigger=True)),
    "GitLab without names": Vendor(lambda: FakeGitLab(names_runs=False)),
    "Gitea": Vendor(FakeGitea),
    "Gitea 1.25": Vendor(lambda: FakeGitea(version=25), cancels=False, tells_at_once=False),
    "Webhook": Vendor(FakeReceiver, finds=False, cancels=False, takes_anything=True),
    "Job": Vendor(FakeJobs, is_inside=True, keeps=False),
}

vendors = pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)


def _only(condition: Callable[[Vendor], bool]) -> pytest.MarkDecorator:
    chosen = {name: vendor for name, vendor in VENDORS.items() if condition(vendor)}
    return pytest.mark.parametrize("vendor", chosen.values(), ids=chosen)


pipelines = _only(lambda vendor: not vendor.is_inside)
finding = _only(lambda vendor: vendor.finds)
finding_by_lists = _only(lambda vendor: vendor.finds and not vendor.is_inside)


def _always(reply: Reply | Streaming | Hanging) -> Callable[[Seen], Reply | Streaming | Hanging]:
    return lambda _: reply


def _failing(seen: Seen) -> Reply | None:
    """Before anything is carried out; lists go on being given."""
    return Reply(503) if seen.method == "POST" else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _sent(seen: Seen) -> dict[str, str]:
    """The values of a dispatch by name, whatever its form."""
    if seen.headers["content-type"].endswith("urlencoded"):
        return {
            name.removeprefix("variables[").rstrip("]"): value
            for name, value in parse_qsl(seen.body.decode())
        }
    body = json.loads(seen.body)
    named = body.get("inputs") or {one["key"]: one["value"] for one in body.get("variables", [])}
    return {name: _text(value) for name, value in named.items()}


@vendors
async def test_a_run_is_started_and_followed_to_its_end(vendor: Vendor) -> None:
    """It waits, runs, and ends well; people get the link to its log."""
    fake = vendor.fake()
    async with fake.running() as running:
        run = await running.builder.start(order_of())
        assert (run is not None) == vendor.tells_at_once
        run = run or await running.builder.find(order_of())
        assert run is not None
        assert isinstance(await running.builder.look(order_of(), run), (Pending, Running))
        ends = (("running", Running), ("succeeded", Succeeded), ("cancelled", Cancelled))
        for state, kind in ends if vendor.keeps else ends[:2]:
            fake.words(fake.runs[0], state)
            progress = await running.builder.look(order_of(), run)
            assert isinstance(progress, kind), state
            is_linked = progress.url is not None and progress.url.endswith(str(fake.runs[0].number))
            assert is_linked is not vendor.is_inside

    assert len(fake.runs) == 1
    assert run.url == progress.url


@vendors
async def test_a_run_that_failed_says_what_to_do(vendor: Vendor) -> None:
    """It is the build that failed, not what carries it out."""
    fake = vendor.fake()
    async with fake.running() as running:
        run = await running.builder.start(order_of()) or await running.builder.find(order_of())
        assert run is not None
        fake.words(fake.runs[0], "failed")
        progress = await running.builder.look(order_of(), run)

    assert isinstance(progress, Failed)
    assert (progress.reason, progress.is_infrastructure) == ("BuildFailed", False)
    assert "log" in progress.message


@_only(lambda vendor: not vendor.takes_anything and not vendor.is_inside)
async def test_a_run_is_told_all_about_the_build(vendor: Vendor) -> None:
    """And what the user has for it beside."""
    fake = vendor.fake()
    async with fake.running() as running:
        await running.builder.start(order_of())
        sent = _sent(running.asked("POST", fake.starts_at)[-1])

    assert sent["slipway_key"] == correlation_of(order_of())
    assert sent["slipway_image"] == "registry.example.com:5000/shop/api:1.4.0-7"
    assert (sent["slipway_tag"], sent["slipway_build"]) == ("1.4.0-7", "7")
    assert json.loads(sent["slipway_bases"]) == order_of().bases
    assert sent["slipway_commit"] == "c" * 40
    assert "stable" in sent.values()


@_only(lambda vendor: vendor.finds and vendor.fake().names_runs and not vendor.is_inside)
async def test_a_run_that_the_answer_does_not_tell_is_found(vendor: Vendor) -> None:
    """Taken is taken, even if nobody says which run it is."""
    fake = vendor.fake()
    fake.tells_run = False
    async with fake.running() as running:
        run = await running.builder.start(order_of())
        if run is None:
            run = await running.builder.find(order_of())

    assert run is not None
    assert run.id == str(fake.runs[0].number)


@vendors
async def test_a_lost_answer_leads_to_one_run(vendor: Vendor) -> None:
    """The dispatch arrives and its answer does not: it is looked for before anything is sent again."""
    fake = vendor.fake()
    fake.loses_answers = True
    async with fake.running() as running:
        with pytest.raises((BuilderUnreachable, Unreachable)) as caught:
            await running.builder.start(order_of())
        dispatches = len(running.asked("POST", fake.starts_at))
        fake.loses_answers = False
        run = await running.builder.find(order_of())
        if run is None:
            run = await running.builder.start(order_of()) or await running.builder.find(order_of())

    assert not isinstance(caught.value, BuilderError) or caught.value.may_have_arrived
    assert dispatches == len(fake.runs) == 1
    assert run is not None


@vendors
async def test_whatever_goes_wrong_there_is_one_run(vendor: Vendor) -> None:
    """Two troubles of every kind, and then none: as a caller does it that keeps the contract."""
    fake = vendor.fake()
    async with fake.running() as running:
        for number, troubles in enumerate(itertools.product(TROUBLES, repeat=2)):
            order = order_of(f"{number:08x}" * 4)
            await _built(running, fake, order, troubles)

            keys = [run.inputs["slipway_key"] for run in fake.runs]
            assert keys.count(correlation_of(order)) == 1, troubles


async def _built(running: Serving, fake: FakeCi, order: BuildOrder, troubles: tuple[str, ...]) -> Run:
    """The run of an order: found where it may be there already, else started."""
    may_be_there = False
    for trouble in (*troubles, "none", "none"):
        if may_be_there:
            run = await running.builder.find(order)
            if run is not None:
                return run
        fake.loses_answers = trouble == "lost answer"
        fake.instead = _failing if trouble == "server error" else lambda _: None
        try:
            run = await running.builder.start(order)
        except BuilderError as error:
            may_be_there = may_be_there or error.may_have_arrived
            continue
        except KubeError:
            continue  # a Job's name follows from its order
        if run is not None and trouble != "crash":
            return run
        may_be_there = True  # it was written down that it was to be started
    msg = f"no run of {order.key} after {troubles}"
    raise AssertionError(msg)


@finding
async def test_after_a_crash_another_process_finds_the_run(vendor: Vendor) -> None:
    """By nothing but the order."""
    fake = vendor.fake()
    stored = fake.dispatched(order_of())
    async with fake.running() as running:
        run = await running.builder.find(order_of())

    assert run is not None
    assert run.id == fake.run_of(stored).id
    assert running.asked("POST") == []


@finding
async def test_there_is_no_run_of_an_order_that_was_never_given(vendor: Vendor) -> None:
    """Neither among none nor among those of others."""
    fake = vendor.fake()
    async with fake.running() as running:
        assert await running.builder.find(order_of()) is None
        fake.dispatched(order_of("b" * 32))
        assert await running.builder.find(order_of()) is None


@finding_by_lists
async def test_a_run_that_is_not_listed_yet_is_found_later(vendor: Vendor) -> None:
    """Lists of runs lag behind."""
    fake = vendor.fake()
    fake.dispatched(order_of("b" * 32))
    fake.dispatched(order_of())
    fake.hides = 1
    async with fake.running() as running:
        assert await running.builder.find(order_of()) is None
        assert await running.builder.find(order_of()) is not None


@finding
async def test_runs_of_others_are_not_taken(vendor: Vendor) -> None:
    """Of other keys, and of the same key when it was tried before."""
    fake = vendor.fake()
    earlier = order_of()
    fake.dispatched(order_of("b" * 32))
    fake.dispatched(earlier)
    later = earlier.requested_at + timedelta(minutes=4)
    again = replace(earlier, requested_at=later, attempt=2)
    async with fake.running() as running:
        assert await running.builder.find(again) is None
        wanted = fake.dispatched(again)
        fake.dispatched(order_of("c" * 32))
        run = await running.builder.find(again)

    assert run is not None
    assert run.id == fake.run_of(wanted).id


@finding_by_lists
async def test_a_run_on_a_later_page_is_found(vendor: Vendor) -> None:
    """Pages full, short, and one that just fits."""
    fake = vendor.fake()
    fake.page_size = 7
    wanted = fake.dispatched(order_of())
    async with fake.running() as running:
        for others in (0, 6, 1, 20):
            for n in range(others):
                fake.dispatched(order_of(f"{len(fake.runs):08d}{n:024d}"))
            run = await running.builder.find(order_of())
            assert run is not None
            assert run.id == str(wanted.number)
            assert await running.builder.find(order_of("f" * 32)) is None


@_only(lambda vendor: vendor.cancels)
async def test_a_run_is_cancelled(vendor: Vendor) -> None:
    """Once or twice, it is the same."""
    fake = vendor.fake()
    async with fake.running() as running:
        stored = fake.dispatched(order_of())
        run = fake.run_of(stored)
        for _ in range(2):
            await running.builder.cancel(order_of(), run)
            end = await running.builder.look(order_of(), run)
            assert isinstance(end, Cancelled if vendor.keeps else Failed)

    assert stored.cancelled >= 1


@_only(lambda vendor: vendor.cancels and vendor.keeps)
async def test_to_cancel_a_run_that_is_over_is_no_error(vendor: Vendor) -> None:
    """It stays what it is."""
    fake = vendor.fake()
    async with fake.running() as running:
        stored = fake.dispatched(order_of())
        fake.words(stored, "succeeded")
        run = Run(str(stored.number))
        await running.builder.cancel(order_of(), run)

        assert isinstance(await running.builder.look(order_of(), run), Succeeded)


@_only(lambda vendor: not vendor.cancels)
async def test_a_builder_that_cannot_cancel_says_so(vendor: Vendor) -> None:
    """And what to do instead."""
    fake = vendor.fake()
    async with fake.running() as running:
        stored = fake.dispatched(order_of())
        with pytest.raises(NotOffered, match="end"):
            await running.builder.cancel(order_of(), Run(str(stored.number)))


@pipelines
async def test_a_dispatch_that_is_not_taken_says_why(vendor: Vendor) -> None:
    """It is sent once, and an error tells whether it may have been carried out."""
    fake = vendor.fake()
    async with fake.running() as running:
        for name, (reply, error, may_have_arrived) in REFUSALS.items():
            if vendor.takes_anything and error is AnswerInvalid:
                continue  # whatever a receiver answers, 2xx takes the order
            fake.instead = _always(reply)
            running.server.seen.clear()
            with pytest.raises(error) as caught:
                await running.builder.start(order_of())

            assert len(running.server.seen) == 1, name
            assert type(caught.value) is error, name
            assert caught.value.may_have_arrived is may_have_arrived, name


@finding_by_lists
async def test_a_question_that_is_not_answered_says_why(vendor: Vendor) -> None:
    """Nothing is changed by a question, so nothing may have arrived."""
    fake = vendor.fake()
    async with fake.running() as running:
        for name, (reply, error, _) in REFUSALS.items():
            fake.instead = _always(reply)
            for ask in (running.builder.look(order_of(), Run("1000")), running.builder.find(order_of())):
                with pytest.raises(error) as caught:
                    await ask
                assert not caught.value.may_have_arrived, name


@pipelines
async def test_a_rate_limit_says_how_long_to_wait(vendor: Vendor) -> None:
    """In every form that vendors have for it."""
    fake = vendor.fake()
    async with fake.running() as running:
        for name, (reply, wait) in RATE_LIMITS.items():
            fake.instead = _always(reply)
            with pytest.raises(BuilderBusy) as caught:
                await running.builder.start(order_of())

            assert caught.value.retry_after == wait, name
            assert not caught.value.may_have_arrived, name


@finding_by_lists
async def test_answers_of_another_form_are_no_runs(vendor: Vendor) -> None:
    """Nor are they a proof that there is none, but for an empty list where a list is the form."""
    fake = vendor.fake()
    async with fake.running() as running:
        for body in (None, 3, [], [3], {}, {"workflow_runs": [3]}, {"workflow_runs": None}, "x"):
            fake.instead = _always(json_reply(body))
            with pytest.raises(AnswerInvalid):
                await running.builder.look(order_of(), Run("1000"))
            if isinstance(fake, FakeGitLab) and body == []:
                assert await running.builder.find(order_of()) is None
            else:
                with pytest.raises(AnswerInvalid):
                    await running.builder.find(order_of())


@finding_by_lists
async def test_a_run_that_is_gone_is_named(vendor: Vendor) -> None:
    """Somebody deleted it, or took the right to see it away."""
    fake = vendor.fake()
    async with fake.running() as running:
        with pytest.raises(TargetMissing, match=r"(run|pipeline) 4711 of .*shop/api"):
            await running.builder.look(order_of(), Run("4711"))


@pipelines
async def test_nothing_arrives_where_nobody_takes_the_connection(vendor: Vendor) -> None:
    """So it may be sent again without a question."""
    async with RawServer(_always(Reply())) as gone:
        pass
    async with vendor.fake().running(url=gone.url) as running:
        with pytest.raises(BuilderUnreachable) as caught:
            await running.builder.start(order_of())

    assert not caught.value.may_have_arrived


@pipelines
async def test_an_answer_that_does_not_come_may_stand_for_a_run(vendor: Vendor) -> None:
    """The server may carry it out after we have given up."""
    fake = vendor.fake()
    fake.instead = _always(Hanging())
    async with fake.running(timeout=0.02) as running:
        with pytest.raises(BuilderTimeout) as caught:
            await running.builder.start(order_of())

    assert caught.value.may_have_arrived
    assert len(running.server.seen) <= 1


@pipelines
async def test_a_redirect_to_another_host_gets_no_secret(vendor: Vendor) -> None:
    """A dispatch is not sent there; a question is, without the token, and its answer is not believed."""
    async with RawServer(
        _always(json_reply({"id": 1, "status": "completed", "conclusion": "success"}))
    ) as other:
        fake = vendor.fake()
        async with fake.running() as running:
            run = Run("1000" if vendor.finds else f"{running.server.url}/builds/1000")
            fake.instead = lambda seen: Reply(307, b"", (("Location", f"{other.url}{seen.target}"),))
            with pytest.raises(TargetMissing, match="moved"):
                await running.builder.start(order_of())
            assert other.seen == []
            with pytest.raises(AnswerInvalid):
                await running.builder.look(order_of(), run)

        [seen] = other.seen
        assert {"authorization", "webhook-signature"}.isdisjoint(seen.headers)


@pipelines
async def test_errors_do_not_tell_secrets(vendor: Vendor) -> None:
    """Not even when the server says them back."""
    fake = vendor.fake()
    secrets = (TOKEN, TRIGGER_TOKEN, SECRET)
    async with fake.running() as running:
        for status in (400, 401, 403, 404, 500):
            fake.instead = _always(json_reply({"message": f"{' or '.join(_shown(fake))} is wrong"}, status))
            with pytest.raises(BuilderError) as caught:
                await running.builder.start(order_of())
            assert not any(secret in str(caught.value) for secret in secrets)


def _shown(fake: FakeCi) -> tuple[str, ...]:
    """The secrets that a server gets to see in a dispatch."""
    if isinstance(fake, FakeReceiver):
        return ()
    return (TRIGGER_TOKEN if isinstance(fake, FakeGitLab) and fake.by_trigger else TOKEN,)


_IN_17_SECONDS = (("Retry-After", "17"),)
_EXPIRED = {"error": "invalid_token", "error_description": "Token is expired."}
REASONS: dict[str, tuple[Reply | Hanging, str, str]] = {
    "a token that is wrong": (
        json_reply({"message": "Bad credentials"}, 401),
        "AuthenticationFailed",
        "KubernetesRefused",
    ),
    "a token that is over": (json_reply(_EXPIRED, 401), "TokenExpired", "KubernetesRefused"),
    "a token that does not suffice": (
        json_reply({"message": "no"}, 403),
        "AccessDenied",
        "KubernetesRefused",
    ),
    "no such repository": (json_reply({"message": "no"}, 404), "PipelineNotFound", "KubernetesRefused"),
    "an order that is not taken": (json_reply({"message": "no"}, 422), "OrderRefused", "KubernetesRefused"),
    "too many requests": (Reply(429, b"", _IN_17_SECONDS), "RateLimited", "KubernetesUnavailable"),
    "a secondary limit": (
        json_reply({"message": SECONDARY}, 403, _IN_17_SECONDS),
        "RateLimited",
        "KubernetesRefused",
    ),
    "a server that fails": (Reply(500, b"oops"), "BuilderFailing", "KubernetesUnavailable"),
    "a server that is being restarted": (Reply(503), "BuilderFailing", "KubernetesUnavailable"),
    "no answer": (Hanging(), "Timeout", "KubernetesUnavailable"),
}
"""What a status says of each trouble: outside of the cluster, and inside."""


@pytest.mark.parametrize(("answer", "outside", "inside"), REASONS.values(), ids=REASONS)
@vendors
async def test_each_trouble_has_its_own_reason(
    vendor: Vendor, answer: Reply | Hanging, outside: str, inside: str
) -> None:
    """A person sees at once whether a token, a name, a host or patience is what is missing."""
    fake = vendor.fake()
    fake.instead = _always(answer)
    async with fake.running(timeout=0.05 if isinstance(answer, Hanging) else 5) as running:
        with pytest.raises((BuilderError, KubeError)) as caught:
            await running.builder.start(order_of())

    assert isinstance(caught.value, KubeError if vendor.is_inside else BuilderError)
    assert caught.value.reason == (inside if vendor.is_inside else outside)
    assert fake.runs == []
