from __future__ import annotations

import json

import pytest

from slipway.cli.reading import Told
from tests.support.command_line import Shelves, slipway

TOLD = Told("shop", "", "app", "r.example.com/shop/api", "", "OutOfRange", "'2.0.0' is too new", None, 3)
PLACED = Told("shop", "", "app", "r.example.com/shop/api", "", "TooYoung", "'1.4.2' is too young", 1, 3)
CANDIDATE = Told("shop", "", "app", "x", "", "Candidate", "'1.4.0' is number 2 of 3 candidates", 2, 3)


@pytest.mark.parametrize(
    ("told", "line"),
    [
        pytest.param(TOLD, "'2.0.0' is too new\n", id="what is no candidate has no place"),
        pytest.param(PLACED, "'1.4.2' is too young (number 1 of 3 candidates)\n", id="the place is told"),
        pytest.param(CANDIDATE, "'1.4.0' is number 2 of 3 candidates\n", id="it is not told twice"),
    ],
)
def test_one_sentence(told: Told, line: str) -> None:
    ended = slipway(Shelves(told=told), "why", "warehouse/api", "1.4.2")

    assert (ended.code, ended.output, ended.errors) == (0, line, "")


def test_json_has_all_of_it() -> None:
    ended = slipway(Shelves(told=TOLD), "why", "warehouse/api", "2.0.0", "-s", "web", "-o", "json")

    assert json.loads(ended.output) == {
        "namespace": "shop",
        "warehouse": "api",
        "subscription": "web",
        "watched": "r.example.com/shop/api",
        "tag": "2.0.0",
        "verdict": "OutOfRange",
        "sentence": "'2.0.0' is too new",
        "candidates": 3,
    }


@pytest.mark.parametrize(
    "target", ["warehouse/api", "wh/api", "Warehouses/api", "warehouses.slipway.dev/api", "api"]
)
def test_a_warehouse_may_be_named_as_for_kubectl(target: str) -> None:
    ended = slipway(Shelves(told=TOLD), "why", target, "2.0.0", "-o", "json")

    assert json.loads(ended.output)["warehouse"] == "api"


@pytest.mark.parametrize("target", ["registry/api", "warehouse/", "", "shop/warehouse/api"])
def test_what_is_no_warehouse_is_refused(target: str) -> None:
    ended = slipway(Shelves(told=TOLD), "why", target, "2.0.0")

    assert (ended.code, ended.output) == (1, "")
    assert ended.errors == f"Error: {target!r} is no Warehouse: write warehouse/NAME\n"


def test_what_cannot_be_told_is_an_error() -> None:
    ended = slipway(Shelves(), "why", "warehouse/none", "1.0.0")

    assert (ended.code, ended.output, ended.errors) == (1, "", "Error: There is no Warehouse none\n")
