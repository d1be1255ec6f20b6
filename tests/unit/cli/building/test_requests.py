from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from slipway.api.managedimage import ManagedImage
from slipway.cli.building.requests import time_of_asking
from slipway.clock import format_time
from slipway.engine.requests import new_requests
from tests.support.command_line import Printed, slipway
from tests.support.image_cluster import MADE, ImageCluster, build, image

NOW = MADE + timedelta(hours=3)
RUNNING = [build(7, "Building", None), build(6)]


def asked(cluster: ImageCluster, *arguments: str) -> Printed:
    with time_machine.travel(NOW, tick=False):
        return slipway(cluster, *arguments)


@pytest.mark.parametrize(
    ("arguments", "annotation", "value", "output"),
    [
        pytest.param(
            ("rebuild", "api"),
            "slipway.dev/rebuild",
            "2026-11-20T12:00:00Z",
            "A build of ManagedImage api was asked for at 2026-11-20T12:00:00Z\n",
            id="a build",
        ),
        pytest.param(
            ("rebuild", "api", "--reason", " CVE-2026-1,\n now "),
            "slipway.dev/rebuild",
            "2026-11-20T12:00:00Z reason=CVE-2026-1, now",
            "A build of ManagedImage api was asked for at 2026-11-20T12:00:00Z\n",
            id="a build, and why",
        ),
        pytest.param(
            ("cancel", "api"),
            "slipway.dev/cancel-build",
            "2026-11-20T12:00:00Z build=7",
            "The end of build 7 was asked for at 2026-11-20T12:00:00Z\n",
            id="the end of the build under way",
        ),
        pytest.param(
            ("cancel", "api", "--build", "7"),
            "slipway.dev/cancel-build",
            "2026-11-20T12:00:00Z build=7",
            "The end of build 7 was asked for at 2026-11-20T12:00:00Z\n",
            id="the end of a build by its number",
        ),
    ],
)
def test_a_request_is_one_annotation(
    arguments: Sequence[str], annotation: str, value: str, output: str
) -> None:
    cluster = ImageCluster([image("api", builds=RUNNING)])

    ended = asked(cluster, *arguments)

    assert (ended.code, ended.output, ended.errors) == (0, output, "")
    assert cluster.annotated == [("api", annotation, value)]


@pytest.mark.parametrize("arguments", [("cancel", "api"), ("cancel", "api", "--build", "7")])
def test_a_build_between_two_attempts_can_be_ended(arguments: Sequence[str]) -> None:
    cluster = ImageCluster([image("api", phase="Waiting", builds=[build(7, "Failed"), build(6)])])

    ended = asked(cluster, *arguments)

    assert ended.code == 0
    assert cluster.annotated == [("api", "slipway.dev/cancel-build", "2026-11-20T12:00:00Z build=7")]


@pytest.mark.parametrize(
    ("arguments", "more", "message"),
    [
        pytest.param(("cancel", "api"), {}, "No build of ManagedImage api is under way", id="nothing to end"),
        pytest.param(
            ("cancel", "api", "--build", "6"),
            {"builds": RUNNING},
            "Build 6 of ManagedImage api is not under way: it is Succeeded",
            id="a build that has ended",
        ),
        pytest.param(
            ("cancel", "api"),
            {"phase": "Waiting", "builds": [build(7, "Failed", reason="Superseded")]},
            "No build of ManagedImage api is under way",
            id="what was superseded is not tried again",
        ),
        pytest.param(
            ("cancel", "api", "--build", "9"),
            {"builds": RUNNING},
            "its status keeps 7, 6",
            id="no such build",
        ),
        pytest.param(
            ("rebuild", "api"), {"spec": {"role": "External"}}, "has role External", id="built elsewhere"
        ),
        pytest.param(
            ("rebuild", "api", "--wait"),
            {"spec": {"suspend": True}},
            "Nothing was asked for, as --wait would not end",
            id="suspended, and waited for",
        ),
        pytest.param(
            ("rebuild", "api", "--reason", "x" * 1024),
            {},
            "more than 1024 characters",
            id="too long a reason",
        ),
    ],
)
def test_what_leads_to_nothing_is_not_asked_for(
    arguments: Sequence[str], more: dict[str, Any], message: str
) -> None:
    cluster = ImageCluster([image("api", **more)])

    ended = asked(cluster, *arguments)

    assert (ended.code, ended.output, cluster.annotated) == (1, "", [])
    assert message in ended.errors


def test_a_request_to_one_that_is_suspended_stays_until_it_is_not() -> None:
    cluster = ImageCluster([image("api", spec={"suspend": True})])

    ended = asked(cluster, "rebuild", "api")

    assert (ended.code, len(cluster.annotated)) == (0, 1)
    assert ended.errors == "ManagedImage api is suspended: no build begins until spec.suspend is false.\n"


MOMENTS = st.datetimes(NOW.replace(tzinfo=None) - timedelta(hours=1), NOW.replace(tzinfo=None)).map(
    lambda moment: moment.replace(tzinfo=NOW.tzinfo)
)


@given(st.none() | MOMENTS, st.none() | MOMENTS, MOMENTS)
def test_a_request_is_always_new(handled: datetime | None, pending: datetime | None, made: datetime) -> None:
    """Whatever was asked before, and even if the object has just been made."""
    body = image("api")
    body["metadata"]["creationTimestamp"] = format_time(made)
    if handled is not None:
        entry = {"verb": "rebuild", "at": format_time(handled), "result": "Started"}
        body["status"]["handledRequests"] = [entry]
    if pending is not None:
        body["metadata"]["annotations"] = {"slipway.dev/rebuild": format_time(pending)}
    parsed = ManagedImage.model_validate(body)

    moment = time_of_asking(parsed, "rebuild", NOW)

    read = new_requests(
        {"slipway.dev/rebuild": format_time(moment)},
        body["status"].get("handledRequests", ()),
        made.replace(microsecond=0),
        NOW,
        verbs=("rebuild",),
    )
    assert [request.at for request in read.new] == [moment]
    assert pending is None or moment > pending.replace(microsecond=0)


def test_what_was_written_there_and_is_no_request_does_not_matter() -> None:
    body = image("api")
    body["metadata"]["annotations"] = {"slipway.dev/rebuild": "please"}

    assert time_of_asking(ManagedImage.model_validate(body), "rebuild", NOW) == NOW
