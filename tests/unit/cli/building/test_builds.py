from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest
import time_machine

from tests.support.command_line import Printed, slipway
from tests.support.image_cluster import MADE, ImageCluster, build, image

MOVED = {"type": "Base", "detail": "python:3.12-slim moved", "since": "2026-11-20T08:59:00Z"}
PUSHED = {"type": "Source", "detail": "main moved", "since": "2026-11-20T08:59:00Z"}

BOTH = "python:3.12-slim moved; main moved"
BEGUN = "2026-11-20T09:00:00Z"
DIGEST = "sha256:" + "a" * 64

BUILDS = [
    build(8, "Building", None, reasons=[MOVED, PUSHED], attempts=2, commit="c" * 40, requestedBy="anna"),
    build(7, "Failed", 605, reasons=[PUSHED], reason="BuildFailed", message="exit code 1"),
    build(6, reasons=[MOVED]),
]


def builds(*arguments: str) -> Printed:
    with time_machine.travel(MADE + timedelta(hours=1), tick=False):
        return slipway(ImageCluster([image("api", builds=BUILDS), image("web")]), "builds", *arguments)


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        pytest.param(
            (),
            [
                "BUILD PHASE WHY ATTEMPTS STARTED TOOK COMMIT DIGEST MESSAGE",
                "8 Building Base, Source 2 1h 1h ccccccc - -",
                "7 Failed Source 1 1h 10m 5s - - exit code 1",
                "6 Succeeded Base 1 1h 1m - sha256:aaaaaaaaaaaa -",
            ],
            id="a table has a row for each build",
        ),
        pytest.param(
            ("-o", "wide"),
            [
                "BUILD PHASE WHY ATTEMPTS STARTED TOOK COMMIT DIGEST REFERENCE REQUESTED BY MESSAGE",
                f"8 Building {BOTH} 2 {BEGUN} 1h {'c' * 40} - r.example.com/shop/api:1-8 anna -",
                f"7 Failed main moved 1 {BEGUN} 10m 5s - - r.example.com/shop/api:1-7 - exit code 1",
                f"6 Succeeded python:3.12-slim moved 1 {BEGUN} 1m - {DIGEST} r.example.com/shop/api:1-6 - -",
            ],
            id="a wide one has exact times and whole digests",
        ),
    ],
)
def test_tables(arguments: Sequence[str], lines: Sequence[str]) -> None:
    ended = builds("api", *arguments)

    assert (ended.code, ended.errors) == (0, "")
    assert [" ".join(line.split()) for line in ended.lines] == list(lines)


def test_json_has_what_the_status_has() -> None:
    items = json.loads(builds("api", "-o", "json").output)["items"]

    assert [(item["number"], item["phase"], item["seconds"]) for item in items] == [
        (8, "Building", 3600),
        (7, "Failed", 605),
        (6, "Succeeded", 60),
    ]
    assert items[0]["startedAt"] == "2026-11-20T09:00:00Z"
    assert items[0]["reasons"] == [MOVED, PUSHED]
    assert "digest" not in items[0]


def test_an_image_may_have_no_build() -> None:
    ended = builds("web")

    assert (ended.code, ended.output) == (0, "")
    assert ended.errors == "ManagedImage web has no build yet.\n"


def test_an_image_that_is_not_there_is_an_error() -> None:
    ended = builds("none")

    assert (ended.code, ended.output, ended.errors) == (1, "", "Error: There is no ManagedImage none\n")
