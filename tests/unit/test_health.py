from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from slipway.health import HealthPortUnusable, HealthServer


class State:
    """What the checks say."""

    illness: str | None = None
    delay: str | None = None
    turn: str | None = None


@pytest.fixture
def state() -> State:
    """A process that works."""
    return State()


@pytest.fixture
def server(state: State) -> Iterator[HealthServer]:
    """A server on a free port."""
    server = HealthServer(
        "127.0.0.1",
        0,
        illness=lambda: state.illness,
        delay=lambda: state.delay,
        turn=lambda: state.turn,
    )
    server.start()
    yield server
    server.stop()


def ask(server: HealthServer, path: str) -> tuple[int, str]:
    """Status and text of an answer."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode().strip()
    finally:
        connection.close()


def test_a_working_process_says_so(server: HealthServer) -> None:
    """Both probes are answered with 200."""
    assert ask(server, "/healthz") == (200, "ok")
    assert ask(server, "/readyz") == (200, "ok")


def test_a_process_that_is_not_ready_is_alive_all_the_same(server: HealthServer, state: State) -> None:
    """Kubernetes must not restart an operator that only waits for its first list."""
    state.delay = "the first list is not complete"

    assert ask(server, "/readyz") == (503, "the first list is not complete")
    assert ask(server, "/healthz")[0] == 200


def test_a_process_that_stands_by_is_ready_and_says_for_whom(server: HealthServer, state: State) -> None:
    """A rolling update goes on when the new replica is ready, and only then does the old one give way."""
    state.delay = "the first list is not complete"
    state.turn = "standing by: slipway-1 has the Lease"

    assert ask(server, "/readyz") == (200, "standing by: slipway-1 has the Lease")
    assert ask(server, "/healthz") == (200, "ok")


def test_a_stuck_process_says_what_is_stuck(server: HealthServer, state: State) -> None:
    """The sentence ends up in the Event of the failed probe."""
    state.illness = "nothing moves"

    assert ask(server, "/healthz") == (503, "nothing moves")


def test_other_paths_are_not_found(server: HealthServer) -> None:
    """There is nothing else to be had here."""
    assert ask(server, "/metrics")[0] == 404


def test_a_port_that_is_taken_is_named_with_its_setting(server: HealthServer) -> None:
    """Whoever starts two on one machine reads what to do."""
    with pytest.raises(HealthPortUnusable, match=f"127.0.0.1:{server.port} .*SLIPWAY_HEALTH_PORT"):
        HealthServer("127.0.0.1", server.port, illness=lambda: None, delay=lambda: None, turn=lambda: None)


def test_a_stop_before_the_start_gives_the_port_free() -> None:
    """A start that fails half-way must not hang."""
    server = HealthServer("127.0.0.1", 0, illness=lambda: None, delay=lambda: None, turn=lambda: None)
    port = server.port

    server.stop()

    HealthServer("127.0.0.1", port, illness=lambda: None, delay=lambda: None, turn=lambda: None).stop()
