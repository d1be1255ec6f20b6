from __future__ import annotations

from typing import Any

import pytest

from dev.image_composer import MadeImage, Settings, add, compose
from slipway.api.conditions import Reason
from slipway.build.evidence import Kind, Source
from slipway.build.rebase.documents import BASE_DIGEST, BASE_NAME
from slipway.engine.outcome import Stalled, Waiting
from slipway.kinds.context import Context
from slipway.kinds.managedimage.facts import Problem, Told
from slipway.kinds.managedimage.told import find_told_base, read_told
from tests.support.scripted_registry import Answer
from tests.unit.kinds.managedimage.shelf import BOTH, DEBIAN, Shelf, image_of


async def told(context: Context, shelf: Shelf, pushed: MadeImage) -> list[tuple[str, Kind, Source]]:
    """What is told of the image, by repository."""
    found = await read_told(context, image_of(shelf), pushed.digest)
    assert found.digest == pushed.digest
    return [
        (base.reference.removeprefix(f"{shelf.server.host}/base/"), base.kind, base.source)
        for base in found.bases
    ]


async def test_a_label_tells_the_base(context: Context, shelf: Shelf) -> None:
    """Where there is no provenance."""
    assert await told(context, shelf, shelf.push(labelled="base/python")) == [
        ("python:1", Kind.FINAL, Source.LABEL)
    ]


async def test_layers_prove_which_of_the_loaded_images_it_stands_on(context: Context, shelf: Shelf) -> None:
    """The highest of those that lie below: the others may be in any stage."""
    pushed = shelf.push("base/go", "base/debian", "base/python")
    assert await told(context, shelf, pushed) == [
        ("python:1", Kind.FINAL, Source.PROVENANCE),
        ("go:1", Kind.UNKNOWN, Source.PROVENANCE),
        ("debian:1", Kind.UNKNOWN, Source.PROVENANCE),
    ]


async def test_a_loaded_image_that_is_gone_is_not_proven(context: Context, shelf: Shelf) -> None:
    """What cannot be read is named all the same."""
    pushed = shelf.push("base/python")
    del shelf.images["base/python"]
    assert await told(context, shelf, pushed) == [("python:1", Kind.UNKNOWN, Source.PROVENANCE)]


async def test_two_that_disagree_are_both_named(context: Context, shelf: Shelf) -> None:
    """Provenance is believed."""
    pushed = shelf.push("base/python", labelled="base/debian")
    found = await read_told(context, image_of(shelf), pushed.digest)
    assert [base.reference for base in found.bases] == [shelf.named("base/python")]
    (dispute,) = found.disputes
    assert "base/debian:1" in dispute
    assert "base/python:1" in dispute


async def test_a_label_that_the_base_carries_too_is_no_contradiction(context: Context, shelf: Shelf) -> None:
    """It was inherited."""
    labels = {BASE_NAME: shelf.named("base/debian"), BASE_DIGEST: DEBIAN.digest}
    shelf.images["base/python"] = compose(DEBIAN, [add({"/python": "1"})], Settings(labels=labels))
    pushed = shelf.push("base/python", labelled="base/debian")
    assert (await read_told(context, image_of(shelf), pushed.digest)).disputes == ()


async def test_the_first_platform_alone_costs_little(context: Context, shelf: Shelf) -> None:
    """An index, an image with its configuration, and one statement."""
    pushed = shelf.push("base/python", labelled="base/python", platforms=BOTH)
    shelf.server.requests.clear()
    found = await read_told(context, image_of(shelf), pushed.digest, all_platforms=False)
    assert [base.reference for base in found.bases] == [shelf.named("base/python")]
    assert len([one for one in shelf.server.requests if "/shop/api/" in one]) == 5


async def find(context: Context, shelf: Shelf, status: dict[str, Any] | None = None) -> Told | Problem | None:
    """A look at the source build of a rebase."""
    return await find_told_base(context, image_of(shelf, status))


async def test_the_source_build_tells_the_base_of_a_rebase(context: Context, shelf: Shelf) -> None:
    """One, and only that."""
    pushed = shelf.push("base/go", "base/python")
    found = await find(context, shelf)
    assert isinstance(found, Told)
    assert [base.reference for base in found.bases] == [shelf.named("base/python")]
    assert found.digest == pushed.digest


async def test_a_source_build_is_read_once(context: Context, shelf: Shelf) -> None:
    """After that, one HEAD tells that it is the same."""
    pushed = shelf.push(labelled="base/python")
    base = {"reference": shelf.named("base/python"), "toldBy": "Label"}
    status = {"source": {"digest": pushed.digest}, "bases": [base]}
    shelf.server.requests.clear()
    assert await find(context, shelf, status) is None
    assert len(shelf.server.requests) == 1
    status["bases"] = [{"reference": shelf.named("base/debian")}]
    assert isinstance(await find(context, shelf, status), Told), "the spec named another before"


@pytest.mark.parametrize(
    ("loaded", "told_of"), [((), "name no image"), (("base/go", "base/go2"), "name several images")]
)
async def test_a_source_build_that_tells_no_base_stalls(
    context: Context, shelf: Shelf, loaded: tuple[str, ...], told_of: str
) -> None:
    """A rebase is exact or refused, and the message says what to write."""
    shelf.images["base/go2"] = compose(DEBIAN, [add({"/go": "2"})])
    shelf.push(*loaded)
    found = await find(context, shelf)
    assert isinstance(found, Stalled)
    assert found.reason == Reason.BASE_UNKNOWN
    assert told_of in found.message
    assert "write spec.bases" in found.message


async def test_a_registry_that_does_not_answer_is_asked_again(context: Context, shelf: Shelf) -> None:
    """It says nothing of the image."""
    shelf.failure = Answer(503)
    found = await find(context, shelf)
    assert isinstance(found, Waiting)
    assert found.until is not None
