from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.cli.building import logs as module
from slipway.cli.building.logs import lines, show_logs
from slipway.cli.errors import Refused
from tests.support.command_line import slipway
from tests.support.image_cluster import Body, ImageCluster, build, image, pod

SAID = {
    ("api-7", "clone"): [b"Cloning\n"],
    ("api-7", "build"): [b"STEP 1\nSTE", b"P 2\n"],
    ("api-7-2", "clone"): [b"Cloning again\n"],
}


def cluster(*pods: Body, **more: Any) -> ImageCluster:
    """An image whose build 7 is over, unless something else is said of it, and these pods of it."""
    builds = [build(7, **more), build(6)]
    return ImageCluster([image("api", builds=builds)], listed_pods=list(pods), output=SAID)


def ended(name: str = "api-7") -> Body:
    return pod(name, "Succeeded", clone="terminated", build="terminated")


def _waiting(container: str, reason: str, message: str | None = None) -> Body:
    return {"name": container, "state": {"waiting": {"reason": reason, "message": message}}}


def test_containers_are_printed_in_the_order_in_which_they_run() -> None:
    printed = slipway(cluster(ended()), "logs", "api")

    assert (printed.code, printed.errors) == (0, "")
    assert printed.lines == ["==> clone (api-7) <==", "Cloning", "==> build (api-7) <==", "STEP 1", "STEP 2"]


def test_all_attempts_are_printed() -> None:
    second = pod("api-7-2", "Running", clone="running", build="waiting")

    printed = slipway(cluster(ended(), second), "logs", "api", "--build", "7")

    assert printed.lines[-2:] == ["==> clone (api-7-2) <==", "Cloning again"]


def test_no_line_of_a_build_commands_the_terminal() -> None:
    told = cluster(ended())
    told.output = {("api-7", "build"): [b"\x1b[2Jgone\r\n"]}

    assert "\x1b" not in slipway(told, "logs", "api").output


def test_before_any_container_has_begun_there_is_nothing() -> None:
    printed = slipway(cluster(pod("api-7", "Pending", clone="waiting")), "logs", "api")

    assert (printed.code, printed.output) == (0, "")
    assert printed.errors == "No container of build 7 has begun: with --follow it is waited for.\n"


HELD = {
    "its image cannot be pulled": (
        {"initContainerStatuses": [_waiting("clone", "ImagePullBackOff", "no such image")]},
        " (clone: ImagePullBackOff: no such image)",
    ),
    "the node says no more than a word": (
        {"initContainerStatuses": [_waiting("clone", "ErrImagePull")]},
        " (clone: ErrImagePull)",
    ),
    "it is being made": ({"initContainerStatuses": [_waiting("clone", "PodInitializing")]}, ""),
    "no node takes it": (
        {"conditions": [{"type": "PodScheduled", "status": "False", "message": "Insufficient memory"}]},
        " (Insufficient memory)",
    ),
    "a node took it": ({"conditions": [{"type": "PodScheduled", "status": "True", "message": "x"}]}, ""),
}


@pytest.mark.parametrize(("status", "why"), HELD.values(), ids=HELD)
def test_what_keeps_a_build_from_beginning_is_told(status: Body, why: str) -> None:
    """The kubelet and the scheduler say it of the pod."""
    held = pod("api-7", "Pending")
    held["status"] |= status

    printed = slipway(cluster(held), "logs", "api")

    assert printed.errors == f"No container of build 7 has begun{why}: with --follow it is waited for.\n"


def test_a_log_that_is_too_long_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOG_LIMIT", 8)

    printed = slipway(cluster(ended()), "logs", "api")

    assert "`kubectl logs api-7 -c build` has all of it" in printed.errors


@pytest.mark.parametrize(
    ("more", "arguments", "message"),
    [
        pytest.param({}, ("api",), "The Job of build 7 is gone", id="its Job was cleared away"),
        pytest.param(
            {"phase": "Failed", "reason": "BuildFailed", "message": "exit code 1"},
            ("api",),
            "The build is Failed: exit code 1",
            id="what the status knows is told",
        ),
        pytest.param(
            {"phase": "Failed", "reason": "BuildFailed", "message": "exit code 1"},
            ("api",),
            "`slipway rebuild api`, then `slipway logs api --follow`",
            id="how to see what failed again is told",
        ),
        pytest.param(
            {"phase": "Building", "seconds": None}, ("api",), "has no pod yet", id="its pod is not there yet"
        ),
        pytest.param({"method": "Rebase"}, ("api",), "Build 7 is a rebase", id="a rebase has no log"),
        pytest.param({}, ("api", "--build", "9"), "its status keeps 7, 6", id="there is no such build"),
        pytest.param({}, ("api", "--follow"), "The Job of build 7 is gone", id="nothing will follow"),
        pytest.param(
            {"run": {"id": "17"}}, ("api",), "nobody tells where its log is", id="it runs somewhere else"
        ),
    ],
)
def test_where_there_is_no_log_a_sentence_says_why(
    more: dict[str, Any], arguments: Sequence[str], message: str
) -> None:
    printed = slipway(cluster(**more), "logs", *arguments)

    assert (printed.code, printed.output) == (1, "")
    assert message in printed.errors


def test_without_builds_it_is_told_how_to_get_one() -> None:
    printed = slipway(ImageCluster([image("api")]), "logs", "api")

    assert printed.errors == "Error: ManagedImage api has no build yet: `slipway rebuild api` asks for one\n"


def test_of_a_build_elsewhere_the_address_of_its_log_is_printed() -> None:
    run = {"id": "17", "url": "https://ci.example.com/runs/17"}

    printed = slipway(cluster(run=run), "logs", "api")

    assert (printed.code, printed.output) == (0, "https://ci.example.com/runs/17\n")


async def test_what_is_followed_is_printed_as_it_comes(capsys: pytest.CaptureFixture[str]) -> None:
    """Until the newest pod has ended: each container once, however often it is looked."""
    told = cluster(phase="Building", seconds=None)

    def becomes(*pods: Body) -> Any:
        return lambda cluster: setattr(cluster, "listed_pods", list(pods))

    told.then = [
        becomes(pod("api-7", "Pending", clone="running", build="waiting")),
        becomes(pod("api-7", "Running", clone="terminated", build="running")),
        becomes(ended()),
    ]

    await show_logs(told, "api", 7, follow=True, pause=told.pause)

    assert told.read == [("api-7", "clone", True), ("api-7", "build", True)]
    assert capsys.readouterr().out.splitlines()[-1] == "STEP 2"


async def test_what_never_gets_a_pod_is_not_followed_for_ever() -> None:
    told = cluster(phase="Building", seconds=None)
    told.then = [lambda cluster: setattr(cluster, "bodies", [image("api", builds=[build(7, "Cancelled")])])]

    with pytest.raises(Refused, match="The build is Cancelled"):
        await show_logs(told, "api", None, follow=True, pause=told.pause)


def whole(pieces: Sequence[bytes]) -> list[str]:
    async def collected() -> list[str]:
        async def given() -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece

        return [line async for line in lines(given())]

    return asyncio.run(collected())


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet="aé\n☂", max_size=20), st.lists(st.integers(0, 40), max_size=5))
def test_lines_are_the_same_wherever_the_pieces_end(text: str, ends: list[int]) -> None:
    written = text.encode()
    cuts = [0, *sorted(ends), len(written)]
    pieces = [written[start:end] for start, end in pairwise(cuts)]

    expected = text.split("\n")
    assert whole(pieces) == (expected if expected[-1] else expected[:-1])


def test_a_line_without_an_end_is_broken() -> None:
    assert [len(line) for line in whole([b"x" * 70_000, b"y"])] == [65_536, 4_465]


def test_what_is_no_text_is_printed_all_the_same() -> None:
    assert whole([b"\xff\xfe", b"\n\xc3"]) == ["��", "�"]
