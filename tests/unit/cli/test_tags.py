from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from slipway.oci.results import TagInfo
from tests.support.command_line import Shelf, Shelves, known, slipway

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TOLD = "sha256:" + "a" * 64
ASKED = "sha256:" + "b" * 64


def shelves() -> Shelves:
    """A registry that tells much of one tag, and nothing of the others."""
    tags = (
        TagInfo("v1", TOLD, datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC), 5_400_000),
        TagInfo("v2"),
        TagInfo("Nightly"),
    )
    return Shelves([Shelf(known("acme"), {"shop/api": tags}, digests={"v2": ASKED})])


def tags(cluster: Shelves, *arguments: str) -> dict[str, Any]:
    """The JSON that `slipway tags` prints."""
    ended = slipway(cluster, "tags", "r.example.com/shop/api", "-o", "json", *arguments)
    assert ended.code == 0, ended.errors
    found: dict[str, Any] = json.loads(ended.output)
    return found


@pytest.mark.parametrize(
    ("form", "lines"),
    [
        (
            "table",
            [
                "TAG       DIGEST                PUSHED   CREATED",
                "Nightly   -                     -        -",
                "v1        sha256:aaaaaaaaaaaa   1d       20d",
                "v2        sha256:bbbbbbbbbbbb   -        -",
            ],
        ),
        (
            "wide",
            [
                "TAG       PUSHED                 CREATED                SIZE      DIGEST",
                "Nightly   -                      -                      -         -",
                f"v1        2026-11-20T00:00:00Z   2026-11-01T00:00:00Z   5.1 MiB   {TOLD}",
                f"v2        -                      -                      -         {ASKED}",
            ],
        ),
    ],
)
def test_tables(form: str, lines: Sequence[str]) -> None:
    with time_machine.travel(NOW, tick=False):
        ended = slipway(shelves(), "tags", "r.example.com/shop/api", "-o", form)

    assert ended.lines == list(lines)
    assert (ended.code, ended.errors) == (0, "")


def test_only_digests_that_are_shown_and_not_known_are_asked_for() -> None:
    cluster = shelves()

    tags(cluster, "v", "--limit", "2")

    assert cluster.shelves[0].asked == ["v2"]


def test_digests_that_are_not_told_are_one_warning() -> None:
    cluster = shelves()
    cluster.shelves[0].refused = "too many requests"

    ended = slipway(cluster, "tags", "r.example.com/shop/api")

    assert ended.code == 0
    assert ended.errors == "Warning: 2 of 3 digests are missing: too many requests\n"


def test_a_text_is_searched_whatever_its_case() -> None:
    assert [item["tag"] for item in tags(shelves(), "nIGHT")["items"]] == ["Nightly"]


def test_the_newest_come_first_when_that_is_asked_for() -> None:
    assert [item["tag"] for item in tags(shelves(), "--sort", "newest")["items"]] == ["v1", "Nightly", "v2"]


@pytest.mark.parametrize("repository", ["shop/api", "r.example.com/shop/api"])
def test_with_a_registry_the_host_may_be_left_out(repository: str) -> None:
    cluster = shelves()

    ended = slipway(cluster, "tags", repository, "--registry", "acme", "-o", "json")

    assert len(json.loads(ended.output)["items"]) == 3
    assert cluster.opened == [("acme", "shop/api")]


def test_a_registry_that_is_asked_anonymously_has_no_name() -> None:
    cluster = Shelves([Shelf(None, {"shop/api": (TagInfo("v1", TOLD),)})])

    (item,) = tags(cluster)["items"]

    assert item == {"repository": "r.example.com/shop/api", "tag": "v1", "digest": TOLD, "immutable": False}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("r.example.com/shop/none",), "shop/none cannot be listed"),
        (("r.example.com/shop/api:v1",), "write r.example.com/shop/api"),
        (("r.example.com/Shop",), "must be lower-case"),
        (("shop/api", "--registry", "acne"), "There is no Registry acne in namespace shop: there is acme"),
    ],
)
def test_what_cannot_be_listed_is_an_error(arguments: Sequence[str], words: str) -> None:
    ended = slipway(shelves(), "tags", *arguments)

    assert (ended.code, ended.output) == (1, "")
    assert ended.errors.startswith("Error: ")
    assert words in ended.errors
    assert ended.errors.count("\n") == 1
