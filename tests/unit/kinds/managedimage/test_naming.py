"""The names of bases, wherever they stand."""

from __future__ import annotations

import pytest

from slipway.api.base import WarehouseReference
from slipway.api.managedimage import BaseUse, ManagedImage
from slipway.build.dockerfile import analyse
from slipway.kinds.managedimage.naming import NamedBase, known_before, of_analysis, of_spec, references_of
from tests.unit.kinds.managedimage.world import BASE, NEW, body, built_on


def named(dockerfile: str) -> tuple[NamedBase, ...]:
    return of_analysis(analyse(dockerfile))


def test_bases_of_the_spec_are_named_as_the_user_wrote_them() -> None:
    """By themselves, or by the Warehouse that tells of them."""
    by_warehouse = {"warehouse": {"name": "python", "subscription": "base"}}
    image = ManagedImage.model_validate(body(bases=[{"reference": "python:3.12"}, by_warehouse]))
    found = of_spec(image)
    assert found == (
        NamedBase("python:3.12"),
        NamedBase("", WarehouseReference(name="python", subscription="base")),
    )
    assert references_of(found) == ("python:3.12",)


def test_base_that_the_image_stands_on_comes_first() -> None:
    """Whatever the Dockerfile begins with: a rebase and people look there."""
    found = named("FROM golang:1.25 AS build\nFROM alpine:3\nCOPY --from=build /a /a\n")
    assert references_of(found) == ("alpine:3", "golang:1.25")
    assert [[use.kind for use in base.uses] for base in found] == [["Final"], ["Builder"]]


def test_bases_are_named_as_the_dockerfile_writes_them() -> None:
    """Builders match the names that they are told to pin, letter by letter."""
    assert references_of(named("ARG V=3.12\nFROM python:${V}-slim\n")) == ("python:3.12-slim",)


def test_one_base_is_named_once_with_all_that_it_is_used_for() -> None:
    """The same stage and kind count once, and as many uses as a status keeps."""
    lines = ["FROM alpine:3", *(f"COPY --from=alpine:3 /{n} /{n}" for n in range(3))]
    (base,) = named("\n".join(lines))
    assert [(use.stage, use.kind) for use in base.uses] == [("0", "Final"), ("0", "CopyFrom")]
    stages = [f"FROM alpine:3 AS s{n}\n" for n in range(6)]
    copies = "".join(f"COPY --from=s{n} /a /{n}\n" for n in range(6))
    (base,) = named(f"{''.join(stages)}FROM alpine:3\n{copies}")
    assert len(base.uses) == 4


def test_more_bases_than_a_status_keeps_are_left_out() -> None:
    """Never the one that the image stands on, though it stands last."""
    stages = "".join(f"FROM golang:1.{n} AS s{n}\n" for n in range(20))
    copies = "".join(f"COPY --from=s{n} /a /{n}\n" for n in range(20))
    found = references_of(named(f"{stages}FROM alpine:3\n{copies}"))
    assert (len(found), found[0]) == (16, "alpine:3")


def test_stage_with_a_long_name_fits_into_a_status() -> None:
    """It is cut where the schema would refuse it."""
    stage = "s" * 100
    found = named(f"FROM golang:1.25 AS {stage}\nFROM alpine:3\nCOPY --from={stage} /a /a\n")
    assert found[1].uses == (BaseUse(stage="s" * 63, kind="Builder"),)


@pytest.mark.parametrize("dockerfile", ["FROM scratch\n", "FROM scratch AS a\nFROM a\n"])
def test_image_from_scratch_has_no_bases(dockerfile: str) -> None:
    """It never moves."""
    assert named(dockerfile) == ()


def test_what_the_status_tells_is_what_was_read_last() -> None:
    """With the uses, which the reactions go by."""
    uses = [{"stage": "0", "kind": "CopyFrom"}]
    status = built_on(NEW)
    status["bases"][0]["uses"] = uses
    image = ManagedImage.model_validate(body(status))
    assert known_before(image) == (NamedBase(BASE, uses=(BaseUse(stage="0", kind="CopyFrom"),)),)
