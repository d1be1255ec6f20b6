from __future__ import annotations

import pytest

from slipway.kinds.managedimage.topics import (
    base_topic,
    claim_topic,
    same_image,
    same_repository,
    tracked_tag,
    with_tag,
)
from slipway.oci.errors import InvalidReference
from tests.unit.kinds.managedimage.world import BASE

REPOSITORY = BASE.rpartition(":")[0]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("alpine:3", "docker.io/library/alpine:4", True),
        (BASE, REPOSITORY, True),
        (BASE, "registry.example.com/base/debian:3.12", False),
        (BASE, "other.example.com/base/python:3.12", False),
        ("", BASE, False),
        ("", "", False),
    ],
)
def test_repositories_are_compared_by_what_they_mean(one: str, other: str, same: bool) -> None:
    """Tags play no part, and what cannot be read is the same as nothing."""
    assert same_repository(one, other) is same_repository(other, one) is same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("alpine", "docker.io/library/alpine:latest", True),
        ("alpine:3", "index.docker.io/library/alpine:3", True),
        ("alpine:3", "alpine:4", False),
        (BASE, BASE.upper().lower(), True),
        ("no image!", "no image!", True),
        ("no image!", "alpine", False),
    ],
)
def test_images_are_compared_by_what_they_mean(one: str, other: str, same: bool) -> None:
    """The tag counts, and a missing one is latest."""
    assert same_image(one, other) is same_image(other, one) is same


def test_topics_are_the_same_for_the_same_image() -> None:
    """Whoever looks under one spelling finds who stands under the other."""
    assert base_topic("shop", "alpine") == base_topic("shop", "docker.io/library/alpine:latest")
    assert base_topic("shop", "alpine") != base_topic("other", "alpine")
    assert claim_topic("alpine") == claim_topic("docker.io/library/alpine:latest")
    assert claim_topic("localhost:5000/a") == claim_topic("localhost:5000/a:latest")
    assert claim_topic("r.example.com/a:1-{build}") != claim_topic("r.example.com/a:1-1")


@pytest.mark.parametrize(
    ("tag", "floating", "tracked"),
    [
        ("3.12", (), "3.12"),
        ("3.12", ("latest",), "3.12"),
        ("3.12-{build}", ("latest", "3"), "latest"),
        ("3.12-{build}", (), "3.12-{build}"),
    ],
)
def test_the_tag_to_track(tag: str, floating: tuple[str, ...], tracked: str) -> None:
    """The image's own; of a template, the tag that followed its builds."""
    assert tracked_tag(tag, floating) == tracked


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("alpine", "alpine:latest"),
        ("localhost:5000/a", "localhost:5000/a:latest"),
        ("alpine:3", "alpine:3"),
        (f"alpine@sha256:{'0' * 64}", f"alpine@sha256:{'0' * 64}"),
    ],
)
def test_a_missing_tag_is_written_out(written: str, meant: str) -> None:
    """All else stays as its author spelled it."""
    assert with_tag(written) == meant


def test_text_that_is_no_reference_is_refused() -> None:
    """It has no tag that could be meant."""
    with pytest.raises(InvalidReference):
        with_tag("no image!")
