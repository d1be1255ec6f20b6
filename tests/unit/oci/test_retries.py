from __future__ import annotations

import asyncio

import pytest

from slipway.egress import (
    CertificateRejected,
    CircuitOpen,
    ConnectFailed,
    ConnectionBroken,
    ConnectTimedOut,
    EgressDenied,
    Headers,
    HttpError,
    NameNotResolved,
    NotTls,
    QueuedTooLong,
    RedirectRefused,
    Response,
    ResponseTooLarge,
    TimedOut,
)
from slipway.egress.deadline import Deadline, now
from slipway.oci.retries import NO_RETRIES, Retries
from tests.support.virtual_time import run_in_virtual_time

OK = Response(200, Headers(), b"fine", "https://r.io/v2/")


def _answer(status: int, body: bytes = b"", **headers: str) -> Response:
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Response(status, Headers(fields), body, "https://r.io/v2/")


class _Registry:
    """Gives one outcome after the other, the last one again and again, and notes when it was asked."""

    def __init__(self, *outcomes: Response | Exception, takes: float = 0.0) -> None:
        self.outcomes = list(outcomes)
        self.takes = takes
        self.asked: list[float] = []

    async def once(self) -> Response:
        self.asked.append(now())
        await asyncio.sleep(self.takes)
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def send(self, retries: Retries | None = None, seconds: float = 30.0) -> Response:
        async def story() -> Response:
            return await (retries or Retries()).send(self.once, Deadline(seconds))

        return run_in_virtual_time(story())

    @property
    def pauses(self) -> list[float]:
        moments = [0.0, *self.asked]
        return [later - earlier for earlier, later in zip(moments[1:], self.asked[1:], strict=False)]


@pytest.mark.parametrize("status", [408, 429, 499, 500, 502, 503, 504, 522])
def test_what_passes_by_itself_is_repeated(status: int) -> None:
    """After one pause the registry answers, and that answer counts."""
    registry = _Registry(_answer(status), OK)

    assert registry.send() is OK
    assert len(registry.asked) == 2


@pytest.mark.parametrize("status", [200, 206, 304, 307, 400, 401, 403, 404, 405, 409, 416, 501, 505])
def test_what_will_be_the_same_again_is_not_repeated(status: int) -> None:
    """Least of all a refusal: accounts get locked."""
    registry = _Registry(_answer(status))

    assert registry.send().status == status
    assert len(registry.asked) == 1


def test_pauses_are_about_one_two_and_four_seconds() -> None:
    """Up to half a second is added by chance; then the last answer, with its body, is the one that counts."""
    registry = _Registry(_answer(500, b"first"), _answer(503, b"last words"))

    answer = registry.send()

    assert (answer.status, answer.body) == (503, b"last words")
    assert len(registry.pauses) == 3
    for pause, want in zip(registry.pauses, (1, 2, 4), strict=True):
        assert want <= pause <= want + 0.5


@pytest.mark.parametrize("kind", [ConnectFailed, ConnectTimedOut, ConnectionBroken])
def test_connections_are_tried_again(kind: type[HttpError]) -> None:
    """Refused, not taken in time, or broken; in the end it is the last failure that is raised."""
    registry = _Registry(kind("x"), OK)
    assert registry.send() is OK
    registry = _Registry(kind("first"), kind("last"))
    with pytest.raises(kind, match="last"):
        registry.send()
    assert len(registry.asked) == 4


@pytest.mark.parametrize(
    "kind",
    [
        CertificateRejected,
        CircuitOpen,
        EgressDenied,
        NameNotResolved,
        NotTls,
        QueuedTooLong,
        RedirectRefused,
        ResponseTooLarge,
        TimedOut,
    ],
)
def test_what_a_person_has_to_mend_is_not_tried_again(kind: type[HttpError]) -> None:
    """Nor what has used up its time, or what was not sent for a reason of ours."""
    registry = _Registry(kind("x"))

    with pytest.raises(kind):
        registry.send()
    assert len(registry.asked) == 1


@pytest.mark.parametrize(
    ("answer", "want"),
    [
        (_answer(429, retry_after="2"), 2.0),
        (_answer(503, retry_after="3"), 3.0),
        (_answer(429, retry_after="0"), 1.0),
        (_answer(429, retry_after="Sat, 21 Nov 2020 09:00:00 GMT"), 1.0),
        (_answer(429, b"TOOMANYREQUESTS: retry-after: 43.988\xc2\xb5s, allowed: 44000/minute"), 1.0),
    ],
)
def test_a_short_wait_is_as_long_as_the_registry_says(answer: Response, want: float) -> None:
    """Neither earlier nor by chance later, and at least a second."""
    registry = _Registry(answer, OK)

    assert registry.send() is OK
    assert registry.pauses == [want]


@pytest.mark.parametrize("stated", ["3.1", "60", "3600", "Sat, 21 Nov 2099 09:00:00 GMT"])
def test_a_long_wait_is_not_slept(stated: str) -> None:
    """The answer comes back at once: workers are not there to sleep."""
    registry = _Registry(_answer(429, retry_after=stated))

    assert registry.send().status == 429
    assert registry.asked == [0.0]


def test_a_wait_that_nobody_can_read_is_ours_to_choose() -> None:
    """Garbage counts as no wait at all."""
    registry = _Registry(_answer(429, retry_after="soon"), OK)

    assert registry.send() is OK
    assert 1 <= registry.pauses[0] <= 1.5


def test_used_up_pulls_are_not_tried_again() -> None:
    """They come back in hours."""
    registry = _Registry(_answer(429, b"You have reached your unauthenticated pull rate limit."))

    assert registry.send().status == 429
    assert len(registry.asked) == 1


@pytest.mark.parametrize(("seconds", "attempts"), [(30, 4), (5, 3), (1.2, 1), (0.5, 1)])
def test_all_attempts_share_one_deadline(seconds: float, attempts: int) -> None:
    """No pause begins that would not end before it, and the failure that was seen is the one to be told."""
    registry = _Registry(ConnectionBroken("x"))
    with pytest.raises(ConnectionBroken):
        registry.send(seconds=seconds)
    assert len(registry.asked) == attempts
    assert registry.asked[-1] < seconds


def test_slow_attempts_use_up_the_deadline_too() -> None:
    """Each takes ten seconds: there is no time for a third."""
    registry = _Registry(_answer(500), takes=10.0)

    assert registry.send(seconds=13).status == 500
    assert len(registry.asked) == 2


@pytest.mark.parametrize("retries", [NO_RETRIES, Retries(most=0)])
def test_repeating_can_be_turned_off(retries: Retries) -> None:
    """Then the first answer is the answer."""
    registry = _Registry(_answer(503))

    assert registry.send(retries).status == 503
    assert len(registry.asked) == 1


def test_number_and_delay_are_what_the_caller_says() -> None:
    """Twice, after a tenth of a second."""
    registry = _Registry(_answer(503))

    registry.send(Retries(most=2, delay=0.1))

    assert len(registry.pauses) == 2
    assert registry.asked[-1] < 0.5


@pytest.mark.parametrize("takes", [5.0, 0.0], ids=["in an attempt", "in a pause"])
def test_cancelling_ends_it_at_once(takes: float) -> None:
    """Nothing is repeated, no task stays behind."""
    registry = _Registry(_answer(503), takes=takes)

    async def story() -> None:
        task = asyncio.create_task(Retries().send(registry.once, Deadline(30)))
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(asyncio.all_tasks()) == 1

    run_in_virtual_time(story())
    assert len(registry.asked) == 1


def test_the_time_of_the_caller_ends_it_at_once() -> None:
    """A time-out around it comes out as one, in the second attempt as in a pause."""
    registry = _Registry(_answer(503), takes=2.0)

    async def story(seconds: float) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(seconds):
                await Retries().send(registry.once, Deadline(30))

    run_in_virtual_time(story(2.5))
    assert len(registry.asked) == 1
    registry.asked.clear()
    run_in_virtual_time(story(4.5))
    assert len(registry.asked) == 2
