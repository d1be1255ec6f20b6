from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from slipway.oci.results import RepositoryInfo, TagInfo
from tests.support.command_line import Printed, Shelf, Shelves, known, slipway

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DIGEST = "sha256:" + "a" * 64


def shelves() -> Shelves:
    """Two registries of one namespace, one of another."""
    api = RepositoryInfo("shop/api", 12, datetime(2026, 11, 18, 12, 0, tzinfo=UTC), "The API")
    web = RepositoryInfo("shop/Web", 3, datetime(2026, 11, 21, 9, 0, tzinfo=UTC))
    tags = (TagInfo("1.4.0", DIGEST, pushed_at=datetime(2026, 11, 20, 12, 0, tzinfo=UTC)), TagInfo("latest"))
    return Shelves(
        [
            Shelf(known("acme"), {"shop/api": tags, "shop/Web": ()}, {"shop/api": api, "shop/Web": web}),
            Shelf(known("hub", host="docker.io"), {"acme/api": ()}, host="docker.io"),
            Shelf(known("other", "tools"), {"tools/lint": ()}),
        ]
    )


def names(printed: Printed) -> list[str]:
    """The repositories of a JSON answer, in order."""
    return [item["repository"] for item in json.loads(printed.output)["items"]]


def images(cluster: Shelves, *arguments: str) -> dict[str, Any]:
    """The JSON that `slipway images` prints."""
    ended = slipway(cluster, "images", "--output", "json", *arguments)
    assert ended.code == 0, ended.errors
    found: dict[str, Any] = json.loads(ended.output)
    return found


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        pytest.param(
            (),
            [
                "REGISTRY   REPOSITORY               TAGS   UPDATED",
                "hub        docker.io/acme/api       -      -",
                "acme       r.example.com/shop/Web   3      3h",
                "acme       r.example.com/shop/api   12     3d",
            ],
            id="a table has a row for each repository",
        ),
        pytest.param(
            ("-o", "wide", "api"),
            [
                "REGISTRY   REPOSITORY               TAGS   UPDATED                DESCRIPTION",
                "hub        docker.io/acme/api       -      -                      -",
                "acme       r.example.com/shop/api   12     2026-11-18T12:00:00Z   The API",
            ],
            id="a wide one has times and descriptions",
        ),
        pytest.param(
            ("--all-namespaces", "lint"),
            [
                "NAMESPACE   REGISTRY   REPOSITORY                 TAGS   UPDATED",
                "tools       other      r.example.com/tools/lint   -      -",
            ],
            id="across namespaces each row names its own",
        ),
        pytest.param(
            ("--tags", "API:1"),
            [
                "REGISTRY   REPOSITORY               TAG     DIGEST                PUSHED   CREATED",
                "acme       r.example.com/shop/api   1.4.0   sha256:aaaaaaaaaaaa   1d       -",
            ],
            id="with tags each of them is a row",
        ),
    ],
)
def test_tables(arguments: Sequence[str], lines: Sequence[str]) -> None:
    with time_machine.travel(NOW, tick=False):
        ended = slipway(shelves(), "images", *arguments)

    assert ended.lines == list(lines)
    assert (ended.code, ended.errors) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        pytest.param(("WEB",), ["r.example.com/shop/Web"], id="the case of the text does not matter"),
        pytest.param(("nothing",), [], id="nothing may be found"),
        pytest.param(("example",), [], id="hosts are not searched"),
        pytest.param(("--registry", "hub"), ["docker.io/acme/api"], id="one registry may be named"),
        pytest.param(
            ("--registry", "hub", "--registry", "acme", "api"),
            ["docker.io/acme/api", "r.example.com/shop/api"],
            id="or several",
        ),
        pytest.param(("--namespace", "tools"), ["r.example.com/tools/lint"], id="a namespace may be named"),
        pytest.param(
            ("--sort", "newest"),
            ["r.example.com/shop/Web", "r.example.com/shop/api", "docker.io/acme/api"],
            id="what has no time comes last",
        ),
        pytest.param(("--limit", "2", "--page", "2"), ["r.example.com/shop/api"], id="the second page"),
        pytest.param(("--page", "9"), [], id="a page behind the last is empty"),
    ],
)
def test_what_is_found(arguments: Sequence[str], found: Sequence[str]) -> None:
    assert [item["repository"] for item in images(shelves(), *arguments)["items"]] == list(found)


def test_json_has_all_that_is_known_and_nothing_else() -> None:
    assert images(shelves(), "shop/api") == {
        "items": [
            {
                "namespace": "shop",
                "registry": "acme",
                "repository": "r.example.com/shop/api",
                "tags": 12,
                "updatedAt": "2026-11-18T12:00:00Z",
                "description": "The API",
            }
        ],
        "pagination": {"total": 1, "page": 1, "perPage": 50, "pages": 1},
        "failures": [],
    }


@pytest.mark.parametrize("form", ["table", "wide", "json"])
def test_a_registry_that_fails_is_one_warning_and_the_rest_is_printed(form: str) -> None:
    cluster = shelves()
    cluster.shelves[1].refused = "No connection to\ndocker.io: check host and network"

    ended = slipway(cluster, "images", "-o", form)

    assert ended.code == 0
    assert ended.errors.splitlines() == [
        "Warning: Registry hub in namespace shop: No connection to docker.io: check host and network"
    ]
    assert "shop/api" in ended.output
    assert "Warning" not in ended.output


def test_json_says_what_is_missing() -> None:
    cluster = shelves()
    cluster.shelves[1].refused = "No connection"

    failures = images(cluster)["failures"]

    assert failures == [{"namespace": "shop", "registry": "hub", "message": "No connection"}]


def test_a_registry_in_error_is_not_asked() -> None:
    """The operator has said what is wrong with it; to wait for the same again helps nobody."""
    cluster = Shelves([Shelf(known("acme", trouble="user name or password are wrong"), {"shop/api": ()})])

    ended = slipway(cluster, "images")

    assert (ended.code, ended.output, cluster.opened) == (0, "", [])
    assert "Registry acme" in ended.errors
    assert "user name or password are wrong" in ended.errors


def test_a_registry_in_error_is_asked_when_it_is_named() -> None:
    cluster = Shelves([Shelf(known("acme", trouble="no connection"), {"shop/api": ()})])

    assert len(images(cluster, "--registry", "acme")["items"]) == 1


def test_repositories_that_cannot_be_listed_are_one_warning_for_each_registry() -> None:
    contents = {"a": None, "b": None, "c": (TagInfo("1"),)}
    cluster = Shelves([Shelf(known("acme"), contents), Shelf(known("more"), {"d": (TagInfo("2"),)})])

    ended = slipway(cluster, "images", "--tags", "-o", "json")

    assert names(ended) == ["r.example.com/c", "r.example.com/d"]
    (warning,) = ended.errors.splitlines()
    assert warning.endswith("the tags of 2 of 3 repositories are missing: a cannot be listed")


def test_tags_of_many_repositories_are_asked_for_a_few_at_a_time() -> None:
    """Whoever waits too long for a turn at the host is refused by our own limit."""
    shelf = Shelf(known("acme"), {f"r{number}": () for number in range(50)})

    assert slipway(Shelves([shelf]), "images", "--tags").code == 0

    assert shelf.most_at_once == 8


def test_a_registry_that_does_not_exist_is_an_error() -> None:
    ended = slipway(shelves(), "images", "--registry", "acne")

    assert (ended.code, ended.output) == (1, "")
    assert ended.errors == "Error: There is no Registry acne in namespace shop: there is acme, hub\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--namespace", "empty"), "There is no Registry in namespace empty"),
        (("nothing",), "Nothing was found."),
        (("--limit", "1"), "1 to 1 of 3: --page 2 shows the next."),
        (("--page", "7"), "There is no page 7: the last one is 1."),
    ],
)
def test_people_are_told_about_the_list_beside_it(arguments: Sequence[str], words: str) -> None:
    ended = slipway(shelves(), "images", *arguments)

    assert ended.code == 0
    assert words in ended.errors
    assert words not in ended.output


@pytest.mark.parametrize("form", ["table", "wide", "json"])
def test_nothing_that_a_registry_says_is_obeyed_by_a_terminal(form: str) -> None:
    """Neither escape sequences, nor what rich would read as markup."""
    info = RepositoryInfo("shop/api", description="\x1b]0;title\x07 [red]not red[/red] \x9b31m")
    cluster = Shelves([Shelf(known("acme"), {"shop/api": ()}, {"shop/api": info})])

    ended = slipway(cluster, "images", "-o", form)

    assert all(character.isprintable() or character == "\n" for character in ended.output)
    assert form == "table" or "[red]not red[/red]" in ended.output


def test_a_long_name_is_neither_cut_nor_wrapped() -> None:
    name = "/".join(["component"] * 25)

    (_, row) = slipway(Shelves([Shelf(known("acme"), {name: ()})]), "images").lines

    assert f"r.example.com/{name}" in row
