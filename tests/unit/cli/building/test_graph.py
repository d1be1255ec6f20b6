from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from tests.support.command_line import slipway
from tests.support.image_cluster import ImageCluster, image

PYTHON = "docker.io/library/python:3.12-slim"


def cluster() -> ImageCluster:
    """An image of python, one on that, one beside it, and one of another namespace."""
    return ImageCluster(
        [
            image("base", "python:3.12-slim"),
            image("api", "r.example.com/shop/base:latest", "golang:1.25", phase="Building"),
            image("web", "node:24"),
            image("lint", PYTHON, namespace="tools"),
        ]
    )


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        pytest.param(
            (),
            [
                "golang:1.25",
                "└─ shop/api  Building",
                "node:24",
                "└─ shop/web  Current",
                "python:3.12-slim",
                "└─ shop/base  Current",
                "   └─ shop/api  Building ↑",
            ],
            id="a base that an image of the namespace keeps is that image",
        ),
        pytest.param(
            ("base",),
            ["python:3.12-slim", "└─ shop/base  Current", "   └─ shop/api  Building"],
            id="around an image is what it stands on and what stands on it",
        ),
        pytest.param(
            ("shop/web", "-n", "tools", "-A"),
            ["node:24", "└─ shop/web  Current"],
            id="an image may be named with its namespace",
        ),
        pytest.param(
            ("-A", "python:3.12-slim"),
            [
                "python:3.12-slim",
                "├─ shop/base  Current",
                "│  └─ shop/api  Building",
                "└─ tools/lint  Current",
            ],
            id="an image of nobody is one for all namespaces, however it is spelled",
        ),
    ],
)
def test_trees(arguments: Sequence[str], lines: Sequence[str]) -> None:
    ended = slipway(cluster(), "graph", *arguments)

    assert (ended.code, ended.errors) == (0, "")
    assert set(ended.lines) == set(lines)


def test_json_tells_who_looks_after_an_image() -> None:
    bodies = [
        image("api", "python:3.12-slim", "node:24"),
        image(
            "python",
            spec={
                "role": "Base",
                "image": {"repository": "docker.io/library/python", "tag": "3.12-slim"},
            },
        ),
    ]

    ended = slipway(ImageCluster(bodies), "graph", "--output", "json")

    found = json.loads(ended.output)
    assert {(node["id"], node["label"], node["kind"], node["phase"]) for node in found["nodes"]} == {
        ("shop/python", "shop/python", "Base", "Current"),
        ("docker.io/library/node:24", "node:24", "External", ""),
        ("shop/api", "shop/api", "Managed", "Current"),
    }
    assert {(edge["from"], edge["to"]) for edge in found["edges"]} == {
        ("shop/python", "shop/api"),
        ("docker.io/library/node:24", "shop/api"),
    }


@pytest.mark.parametrize("option", ["--output", "-o", "--format", "-f"])
@pytest.mark.parametrize(("form", "first"), [("mermaid", "flowchart TD"), ("dot", "digraph images {")])
def test_other_formats(option: str, form: str, first: str) -> None:
    assert slipway(cluster(), "graph", option, form).lines[0] == first


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("none", "There is no ManagedImage none in namespace shop", id="nothing has this name"),
        pytest.param("python:3.13", "there is python:3.12-slim", id="there is another tag of it"),
        pytest.param("UPPER", "neither a ManagedImage of namespace shop nor an image", id="it can be none"),
    ],
)
def test_what_is_not_there_is_an_error(name: str, message: str) -> None:
    ended = slipway(cluster(), "graph", name)

    assert (ended.code, ended.output) == (1, "")
    assert message in ended.errors


def test_without_images_the_graph_is_empty() -> None:
    ended = slipway(ImageCluster(), "graph")

    assert (ended.code, ended.output) == (0, "")
    assert "There is no ManagedImage in namespace shop" in ended.errors
