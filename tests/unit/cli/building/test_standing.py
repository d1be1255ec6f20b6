from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.build.graph.drawing import draw
from slipway.cli.building.reading import KnownImage
from slipway.cli.building.standing import Node, Standing
from tests.support.image_cluster import Body, base, image

LATEST = "r.example.com/shop/base:latest"


def standing(*bodies: Body) -> Standing:
    return Standing.of([KnownImage.from_body(body) for body in bodies])


def parents(*bodies: Body) -> tuple[Node, ...]:
    """What the image `api` stands on."""
    return standing(*bodies).graph.parents(Node("shop", "api"))


@pytest.mark.parametrize(
    ("reference", "node"),
    [
        pytest.param(LATEST, Node("shop", "base"), id="its floating tag"),
        pytest.param("r.example.com/shop/base", Node("shop", "base"), id="without a tag, latest is meant"),
        pytest.param(
            "r.example.com/shop/base:1-7",
            Node("", "r.example.com/shop/base:1-7"),
            id="the tag of a build never moves",
        ),
        pytest.param(
            f"{LATEST}@sha256:{'a' * 64}",
            Node("", f"{LATEST}@sha256:{'a' * 64}"),
            id="nor does a digest",
        ),
    ],
)
def test_a_base_that_an_image_keeps_is_that_image(reference: str, node: Node) -> None:
    assert parents(image("base"), image("api", reference)) == (node,)


def test_what_another_namespace_keeps_is_an_image_of_nobody() -> None:
    assert parents(image("base", namespace="tools"), image("api", "r.example.com/tools/base:latest")) == (
        Node("", "r.example.com/tools/base:latest"),
    )


def test_who_builds_a_tag_counts_before_who_tracks_it() -> None:
    tracks: Mapping[str, Any] = {
        "role": "External",
        "image": {"repository": "r.example.com/shop/base", "tag": "latest"},
    }

    assert parents(image("also", spec=tracks), image("base"), image("api", LATEST)) == (Node("shop", "base"),)


def test_an_image_that_names_its_own_tag_is_a_cycle() -> None:
    """As the operator sees it, too."""
    found = standing(image("api", "r.example.com/shop/api:latest"))

    assert found.graph.cycles() == [(Node("shop", "api"),)]


def test_before_the_operator_has_looked_the_spec_tells() -> None:
    assert parents(image("api", spec={"bases": [{"reference": "node:24"}]})) == (
        Node("", "docker.io/library/node:24"),
    )


def test_what_is_only_tracked_stands_on_nothing() -> None:
    assert parents(image("api", "node:24", spec={"role": "External"})) == ()


def test_all_uses_of_a_base_are_known() -> None:
    found = standing(image("api", base("node:24", "Builder", "Final"), base("docker.io/node:24", "Syntax")))

    assert found.uses == {
        (Node("shop", "api"), Node("", "docker.io/library/node:24")): {"Builder", "Final", "Syntax"}
    }


def test_of_several_spellings_the_shortest_is_shown() -> None:
    for order in (("docker.io/library/node:24", "node:24"), ("node:24", "docker.io/library/node:24")):
        found = standing(image("api", order[0]), image("web", order[1]))
        assert found.label(Node("", "docker.io/library/node:24")) == "node:24"


NAMES = st.sampled_from(["a", "b", "c", "d"])
SPACES = st.sampled_from(["shop", "tools"])
REFERENCES = st.one_of(
    st.builds("r.example.com/{}/{}:latest".format, SPACES, NAMES),
    st.sampled_from(["a", "shop/a", "a:1", "", "A"]),
)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.tuples(SPACES, NAMES), st.lists(REFERENCES, max_size=3, unique=True), max_size=6))
def test_whatever_stands_on_whatever_can_be_drawn(wanted: dict[tuple[str, str], list[str]]) -> None:
    """Every image is in the drawing, under an id of its own."""
    found = standing(
        *(
            image(name, *filter(lambda one: one not in {"", "A"}, bases), namespace=space)
            for (space, name), bases in wanted.items()
        )
    )

    drawing = draw(found.graph, found.graph, found.describe)

    assert {f"{space}/{name}" for space, name in wanted} <= {node.id for node in drawing.nodes}
