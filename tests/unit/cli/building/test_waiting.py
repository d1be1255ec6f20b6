from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from slipway.cli.building.waiting import Waiting, wait_for_cancel, wait_for_rebuild
from slipway.cli.errors import Refused
from slipway.clock import format_time
from tests.support.image_cluster import MADE, Body, ImageCluster, build, image

STARTED = [{"verb": "rebuild", "at": format_time(MADE), "result": "Started"}]
ASKED = [
    {"type": "Request", "detail": f"asked for by anna at {format_time(MADE)}", "since": format_time(MADE)}
]


def after(result: str) -> list[Body]:
    return [{"verb": "rebuild", "at": format_time(MADE), "result": result}]


def becomes(**status: Any) -> Callable[[ImageCluster], None]:
    def change(cluster: ImageCluster) -> None:
        cluster.bodies = [image("api", **status)]

    return change


async def waited(*steps: Callable[[ImageCluster], None]) -> None:
    cluster = ImageCluster([image("api", builds=[build(6)])], then=list(steps))
    await wait_for_rebuild(cluster, "api", MADE, Waiting(cluster.pause))
    assert not cluster.then, "it did not wait for all of this"


async def test_it_waits_for_the_build_that_the_request_led_to(capsys: pytest.CaptureFixture[str]) -> None:
    """And says how it stands, a line for each news."""
    under_way = build(7, "Building", None, reasons=ASKED)

    await waited(
        becomes(phase="Waiting", rebuild={"message": "waits for a window"}),
        becomes(phase="Building", handledRequests=STARTED, builds=[under_way, build(6)]),
        becomes(phase="Building", handledRequests=STARTED, builds=[under_way, build(6)]),
        becomes(handledRequests=STARTED, builds=[build(7, reasons=ASKED), build(6)]),
    )

    assert capsys.readouterr().err.splitlines() == [
        "Current: the operator has not seen the request yet",
        "Waiting: waits for a window",
        "Build 7: Building",
        "Build 7: Succeeded",
    ]


async def test_a_failed_attempt_is_not_the_end() -> None:
    failed = build(7, "Failed", reasons=ASKED, reason="BuildFailed", message="exit code 1")
    again = build(7, "Building", None, reasons=ASKED, attempts=2)

    await waited(
        becomes(phase="Waiting", handledRequests=STARTED, builds=[failed]),
        becomes(phase="Building", handledRequests=STARTED, builds=[again]),
        becomes(handledRequests=STARTED, builds=[build(7, "Unchanged", reasons=ASKED, attempts=2)]),
    )


async def test_what_is_current_already_is_well() -> None:
    await waited(becomes(handledRequests=after("AlreadyCurrent")))


@pytest.mark.parametrize(
    ("status", "message"),
    [
        pytest.param(
            {
                "phase": "Failed",
                "handledRequests": STARTED,
                "builds": [build(7, "Failed", reasons=ASKED, reason="BuildFailed", message="exit code 1")],
            },
            r"Build 7 did not succeed: it is Failed \(BuildFailed\): exit code 1",
            id="it failed",
        ),
        pytest.param(
            {
                "phase": "Building",
                "handledRequests": STARTED,
                "rebuild": {"tried": ["key-7"]},
                "builds": [build(7, "Failed", reasons=ASKED)],
            },
            "Build 7 did not succeed: it is Failed",
            id="it failed for the last time",
        ),
        pytest.param(
            {"handledRequests": STARTED, "builds": [build(7, "Cancelled", reasons=ASKED)]},
            "it is Cancelled",
            id="somebody cancelled it",
        ),
        pytest.param({"handledRequests": after("NotManaged")}, "its result is NotManaged", id="no build"),
    ],
)
async def test_what_comes_to_nothing_is_an_error(status: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        await waited(becomes(**status))


async def cancelled(*steps: Callable[[ImageCluster], None]) -> None:
    cluster = ImageCluster([image("api", builds=[build(7, "Building", None)])], then=list(steps))
    await wait_for_cancel(cluster, "api", 7, Waiting(cluster.pause))
    assert not cluster.then


@pytest.mark.parametrize("builds", [[build(7, "Cancelled")], []], ids=["it is told", "it is not kept"])
async def test_a_cancelled_build_is_waited_for(builds: list[Body]) -> None:
    await cancelled(becomes(builds=[build(7, "Building", None)]), becomes(builds=builds))


async def test_a_build_between_two_attempts_is_waited_for() -> None:
    failed = build(7, "Failed", reason="RunnerFailed", message="evicted")
    await cancelled(becomes(phase="Waiting", builds=[failed]), becomes(builds=[build(7, "Cancelled")]))


async def test_a_build_that_ended_before_could_not_be_cancelled() -> None:
    with pytest.raises(Refused, match="Build 7 ended before it could be cancelled: it is Succeeded"):
        await cancelled(becomes(builds=[build(7)]))
