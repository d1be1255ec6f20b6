from __future__ import annotations

import asyncio
from unittest.mock import patch

import pytest

from slipway.egress import (
    CertificateRejected,
    CircuitOpen,
    ConnectFailed,
    ConnectionBroken,
    ConnectTimedOut,
    EgressDenied,
    EndpointClass,
    HttpError,
    NameNotResolved,
    NotTls,
    Origin,
    QueuedTooLong,
    ResponseTooLarge,
    TimedOut,
    circuit,
)
from slipway.egress.circuit import LONGEST, THRESHOLD, Circuits
from slipway.egress.passage import Passage
from tests.support.virtual_time import run_in_virtual_time

R = Origin("https", "r.io", 443)
TAGS, BLOBS = EndpointClass.TAGS, EndpointClass.BLOBS


class _Host:
    """One host and the circuits of two clients, who share those about connections."""

    def __init__(self) -> None:
        self.shared = Circuits()
        self.own = {"mine": Circuits(), "yours": Circuits()}
        self.asked = 0

    def try_once(
        self,
        outcome: int | HttpError | None,
        client: str = "mine",
        endpoint: EndpointClass = TAGS,
        origin: Origin = R,
        *,
        path: str = "",
        party: str | None = None,
    ) -> None:
        self.asked += 1
        path = path or f"/v2/r{self.asked}/tags/list"
        with Passage(self.shared, self.own[client], (origin, endpoint, party), path) as passage:
            passage.go()
            if isinstance(outcome, HttpError):
                passage.failed(outcome)
            elif outcome is not None:
                passage.answered(outcome)

    def lets_through(self, client: str = "mine", endpoint: EndpointClass = TAGS, origin: Origin = R) -> bool:
        try:
            self.try_once(None, client, endpoint, origin)
        except CircuitOpen:
            return False
        return True


@pytest.mark.parametrize("failure", [ConnectFailed("x"), ConnectTimedOut("x")])
def test_a_host_that_takes_no_connection_is_left_alone_by_all(failure: HttpError) -> None:
    """Whoever asks, and for whatever: nothing of that has reached it."""

    async def story() -> None:
        host = _Host()
        for _ in range(THRESHOLD):
            host.try_once(failure)
        assert not host.lets_through("yours", BLOBS)
        assert not host.lets_through("yours", origin=Origin("http", "r.io", 443))
        assert host.lets_through(origin=Origin("https", "r.io", 5000))
        assert host.lets_through(origin=Origin("https", "s.io", 443))

    run_in_virtual_time(story())


@pytest.mark.parametrize("failure", [TimedOut("x"), ConnectionBroken("x"), 500, 502, 503, 504, 522], ids=str)
def test_what_happens_on_a_connection_counts_for_who_asked(failure: int | HttpError) -> None:
    """A tenant's short time-out or broken repository closes no host for others, and no other part of it."""

    async def story() -> None:
        host = _Host()
        for _ in range(THRESHOLD):
            host.try_once(failure)
        assert not host.lets_through()
        assert host.lets_through(endpoint=BLOBS)
        assert host.lets_through("yours")

    run_in_virtual_time(story())


@pytest.mark.parametrize(
    "outcome",
    [
        200,
        304,
        401,
        403,
        404,
        429,
        501,
        505,
        CertificateRejected("x"),
        NotTls("x"),
        NameNotResolved("x"),
        EgressDenied("x"),
        QueuedTooLong("x"),
        ResponseTooLarge("x"),
        None,
    ],
    ids=str,
)
def test_nothing_else_is_a_failure_of_the_host(outcome: int | HttpError | None) -> None:
    """Wrong credentials, missing tags, rate limits, a CA that does not fit, a name with a typing error."""

    async def story() -> None:
        host = _Host()
        for _ in range(THRESHOLD * 3):
            host.try_once(outcome)
        assert host.lets_through()

    run_in_virtual_time(story())


def test_one_broken_repository_closes_the_host_for_none_of_its_neighbours() -> None:
    """Server errors of one address count once, however often it is asked; silence counts each time."""

    async def story() -> None:
        host = _Host()
        for _ in range(THRESHOLD * 3):
            host.try_once(500, path="/v2/broken/tags/list")
        assert host.lets_through()
        for _ in range(THRESHOLD - 1):
            host.try_once(500)
        assert not host.lets_through()
        host = _Host()
        for _ in range(THRESHOLD):
            host.try_once(TimedOut("x"), path="/v2/slow/tags/list")
        assert not host.lets_through()

    run_in_virtual_time(story())


def test_an_answer_between_failures_counts() -> None:
    """Also one that is a refusal; a host that takes a connection is not gone."""

    async def story() -> None:
        host = _Host()
        for _ in range(3):
            for _ in range(THRESHOLD - 1):
                host.try_once(503)
                host.try_once(ConnectFailed("x"), endpoint=BLOBS)
            host.try_once(404)
            assert host.lets_through(endpoint=BLOBS)

    run_in_virtual_time(story())


def test_the_first_request_after_the_pause_finds_out() -> None:
    """The others wait for it; it opens the way, or closes it for longer."""

    async def story() -> None:
        host = _Host()
        for _ in range(THRESHOLD):
            host.try_once(503)
        await asyncio.sleep(LONGEST)
        with Passage(host.shared, host.own["mine"], (R, TAGS, None), "/") as passage:
            passage.go()
            assert not host.lets_through()
        assert host.lets_through()  # the one before was cancelled without a verdict
        host.try_once(503)
        assert not host.lets_through()
        await asyncio.sleep(LONGEST)
        host.try_once(200)
        assert host.lets_through()

    run_in_virtual_time(story())


def test_a_host_that_begins_to_fail_meanwhile_is_not_asked() -> None:
    """Those that still waited for their turn are told."""

    async def story() -> None:
        host = _Host()
        with Passage(host.shared, host.own["mine"], (R, TAGS, None), "/") as passage:
            for _ in range(THRESHOLD):
                host.try_once(ConnectFailed("x"))
            with pytest.raises(CircuitOpen):
                passage.go()

    run_in_virtual_time(story())


def test_the_refusal_names_the_host_and_the_failure_but_no_repository() -> None:
    """The path of somebody else's request is nobody's business; the same outage has the same words."""

    async def story() -> None:
        host = _Host()
        failure = ConnectFailed("no connection to https://r.io/v2/secret-project/api: Connection refused")
        failure.__cause__ = ConnectionRefusedError(111, "x")
        for _ in range(THRESHOLD):
            host.try_once(failure)
        told = []
        for _ in range(2):
            with pytest.raises(CircuitOpen) as caught:
                host.try_once(200, "yours")
            told.append(str(caught.value))
            await asyncio.sleep(1)
        assert told[0] == told[1]
        assert told[0].startswith("https://r.io is left alone for a while")
        assert "Connection refused" in told[0]
        assert "secret-project" not in told[0]

    run_in_virtual_time(story())


async def test_what_a_host_does_wrong_to_one_party_keeps_no_other_from_it() -> None:
    """One client may serve the credentials of many."""
    host = _Host()
    for _ in range(5):
        host.try_once(500, party="mine")

    host.try_once(200, party="yours")
    with pytest.raises(CircuitOpen):
        host.try_once(200, party="mine")


async def test_a_probe_that_was_answered_keeps_nobody_away() -> None:
    """Its body may take hours."""
    host = _Host()
    with patch.object(circuit, "SHORTEST", 0.0):
        for _ in range(5):
            host.try_once(500)
        with Passage(host.shared, host.own["mine"], (R, TAGS, None), "/") as probe:
            probe.go()
            assert not host.lets_through()
            probe.answered(200)
            assert host.lets_through()
