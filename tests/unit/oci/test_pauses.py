from __future__ import annotations

import pytest

from slipway.egress import EndpointClass, Headers, Response
from slipway.oci.pauses import Pauses
from tests.unit.engine.support import ManualClock

TAGS, MANIFESTS = EndpointClass.TAGS, EndpointClass.MANIFESTS


def refused(status: int = 429, body: bytes = b"", **headers: str) -> Response:
    """An answer; underscores in the names of headers stand for hyphens."""
    fields = Headers((name.replace("_", "-"), value) for name, value in headers.items())
    return Response(status, fields, body, "https://registry.example.com/v2/")


def left(pauses: Pauses, endpoint: EndpointClass = TAGS) -> float | None:
    """Seconds that are left."""
    pause = pauses.at(endpoint)
    return None if pause is None else pause.left


def test_a_pause_runs_off() -> None:
    """What is left of it is told meanwhile, with the answer that began it."""
    clock = ManualClock()
    pauses, answer = Pauses(clock), refused(retry_after="120")
    pauses.note(TAGS, answer)

    assert left(pauses) == 120
    clock.seconds += 50
    pause = pauses.at(TAGS)
    assert pause is not None
    assert (pause.left, pause.refusal) == (70, answer)
    clock.seconds += 70
    assert left(pauses) is None


def test_each_part_of_a_registry_has_its_own() -> None:
    """Vendors count lists and manifests apart."""
    pauses = Pauses(ManualClock())
    pauses.note(TAGS, refused(retry_after="120"))

    assert left(pauses, MANIFESTS) is None


@pytest.mark.parametrize(
    "answer",
    [
        refused(),
        refused(200, retry_after="120"),
        refused(503, retry_after="120"),
        refused(retry_after="120", ratelimit_remaining="0;w=21600"),
        refused(body=b"You have reached your pull rate limit", retry_after="120"),
    ],
    ids=["no time is told", "a success", "an outage", "pulls are used up", "pulls are used up, in words"],
)
def test_nothing_else_begins_one(answer: Response) -> None:
    """Pulls are counted elsewhere: a HEAD is none, and goes on."""
    pauses = Pauses(ManualClock())
    pauses.note(TAGS, answer)

    assert left(pauses) is None


def test_no_answer_keeps_everybody_away_for_longer_than_an_hour() -> None:
    """A typing error in a header is not for ever."""
    pauses = Pauses(ManualClock())
    pauses.note(TAGS, refused(retry_after="86400"))

    assert left(pauses) == 3600
