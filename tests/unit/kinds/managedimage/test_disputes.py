from __future__ import annotations

from dataclasses import replace

import pytest

from slipway.api.conditions import BASES_DISPUTED, Condition
from slipway.api.managedimage import Build, BuildBase
from slipway.kinds.context import Context
from slipway.kinds.managedimage.disputes import find_disputes
from slipway.kinds.managedimage.ending import pushed
from slipway.kinds.managedimage.facts import Pushed
from slipway.kinds.managedimage.reading import Reading
from slipway.kinds.managedimage.situation import Situation, conditions_of
from slipway.kinds.managedimage.wanted import wanted_build
from tests.unit.kinds.managedimage.shelf import Shelf, image_of
from tests.unit.kinds.managedimage.test_methods import situation
from tests.unit.kinds.managedimage.world import NOW, digest

SAID = "the Dockerfile at aaaaaaa says python:3.12, the label says python:3.11"


def under_way() -> tuple[Situation, Build]:
    at = situation("Rebuild")
    build = at.renumbered(wanted_build(at, at.reasons), 2)
    status = at.before.model_copy(update={"builds": (build,)})
    image = at.facts.image.model_copy(update={"status": status})
    return Situation(replace(at.facts, image=image), NOW), build


def told(*disputes: str) -> tuple[Condition, ...]:
    at, build = under_way()
    return pushed(at, build, Pushed(digest("result"), None, is_unchanged=False, disputes=disputes)).conditions


def test_what_contradicts_the_dockerfile_is_a_condition() -> None:
    """It has what each says, and does not keep the build from becoming the image."""
    (condition,) = told(SAID)
    assert (condition.type, condition.status, condition.reason) == (BASES_DISPUTED, "True", "SourcesDisagree")
    assert condition.message == SAID
    assert told() == ()


def test_condition_stays_until_the_next_build() -> None:
    """The status remembers it, so that looking again does not end it."""
    at, build = under_way()
    status = pushed(at, build, Pushed(digest("result"), None, is_unchanged=False, disputes=(SAID,))).status
    assert status["source"]["disputes"] == [SAID]
    assert at.before.source is not None
    source = at.before.source.model_copy(update={"disputes": (SAID,)})
    assert conditions_of(at, at.before.model_copy(update={"source": source}))[0].message == SAID


@pytest.mark.parametrize(
    ("labelled", "told"),
    [
        ("base/python", ()),
        ("base/debian", ("spec.bases says {}/base/python:1", "of the image says {}/base/debian:1")),
    ],
)
async def test_what_contradicts_the_bases_of_the_spec_is_told_too(
    shelf: Shelf, context: Context, labelled: str, told: tuple[str, ...]
) -> None:
    """An image without a Dockerfile may name another base than its spec."""
    pushed = shelf.push(labelled=labelled)
    reference = shelf.named("base/python")
    image = image_of(shelf, bases=[{"reference": reference}])
    _, begun = under_way()
    python = BuildBase(reference=reference, digest=shelf.images["base/python"].digest)
    found = await find_disputes(
        Reading(context, image), begun.model_copy(update={"bases": (python,)}), pushed.digest
    )
    assert len(found) == bool(told)
    for part in told:
        assert part.format(shelf.server.host) in found[0]
