from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest

from dev.image_composer import MadeImage, Settings, add, compose, copy
from slipway.api.conditions import Reason
from slipway.api.managedimage import ManagedImage
from slipway.build.rebase.documents import BASE_DIGEST
from slipway.engine.outcome import Stalled, Waiting
from slipway.kinds.context import Context
from slipway.kinds.managedimage.facts import KnownBase, Problem, Source
from slipway.kinds.managedimage.source import look_at_source
from slipway.oci.manifest import OCI_MANIFEST
from tests.support.outside import without_cluster
from tests.support.scripted_registry import Answer, ScriptedRegistry, tags
from tests.unit.kinds.managedimage.world import body, build

DEBIAN = compose(None, [add({"/debian": "1"})])
PYTHON = compose(DEBIAN, [add({"/python": "1"})])
NEW_PYTHON = compose(None, [add({"/debian": "2"}), add({"/python": "1"})])
APP = compose(PYTHON, [copy({"/app": "1"})])


class Shelf:
    """What a registry has: images in repositories, and how it fails instead."""

    def __init__(self) -> None:
        self.names: dict[tuple[str, str], MadeImage] = {
            ("base/debian", DEBIAN.digest): DEBIAN,
            ("base/python", PYTHON.digest): PYTHON,
            ("base/python", NEW_PYTHON.digest): NEW_PYTHON,
        }
        self.tags = ["1.4.0"]
        self.failure: Answer | None = None
        self.server = ScriptedRegistry(self.answer)
        self.put(APP)

    @property
    def host(self) -> str:
        """Where it is."""
        return self.server.host

    def put(self, app: MadeImage) -> None:
        """The pipeline pushes the source build."""
        self.names |= {("shop/api", "1.4.0"): app, ("shop/api", app.digest): app}

    def answer(self, _method: str, path: str) -> Answer:
        repository, kind, name = path.removeprefix("/v2/").partition("?")[0].rsplit("/", 2)
        if self.failure is not None:
            return self.failure
        if kind == "tags":
            return tags(*self.tags)
        if kind == "blobs":
            blobs = (part.config_blob for image in self.names.values() for part in image.platforms)
            return Answer(body=next(blob.content for blob in blobs if blob.digest == name))
        found = self.names.get((repository, name))
        if found is None:
            error = b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "no"}]}'
            return Answer(404, {"Content-Type": "application/json"}, error)
        headers = {"Content-Type": OCI_MANIFEST, "Docker-Content-Digest": found.digest}
        headers["Content-Length"] = str(len(found.top.content))
        return Answer(200, headers, found.top.content)


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    """A source build that stands on python."""
    shelf = Shelf()
    with shelf.server:
        yield shelf


@pytest.fixture
async def context() -> AsyncIterator[Context]:
    """Anonymous access: there is no Registry, and so no Secret is read."""
    async with without_cluster() as context:
        yield context


async def look(
    context: Context,
    shelf: Shelf,
    status: dict[str, Any] | None = None,
    *,
    registry: str | None = None,
) -> Source | Problem:
    """One look at the source build, after python has moved; the record of requests starts anew."""
    shelf.server.requests.clear()
    base = f"{shelf.host}/base/python:3"
    image = {"repository": f"{shelf.host}/shop/api", "tag": "1.4.0-{build}"}
    document = body(status, image=image, bases=[{"reference": base}])
    known = KnownBase(base, NEW_PYTHON.digest, "base", registry)
    return await look_at_source(context, ManagedImage.model_validate(document), known)


def looked_at(shelf: Shelf, base: str, base_digest: str) -> dict[str, Any]:
    """The status after a look for a base of this repository."""
    reference = f"{shelf.host}/{base}:3"
    return {
        "source": {"digest": APP.digest, "baseDigest": base_digest},
        "bases": [{"reference": reference, "latestDigest": base_digest}],
    }


async def test_the_base_is_found_among_what_this_object_has_seen(context: Context, shelf: Shelf) -> None:
    """Bases that were built on, or watched, before the one of now."""
    on_python = {"bases": [{"reference": f"{shelf.host}/base/python:3", "latestDigest": PYTHON.digest}]}
    built = {**build(1, "Succeeded", PYTHON.digest), "reference": f"{shelf.host}/shop/api:1.4.0-1"}
    for status, number in ((on_python, 1), ({"builds": [built]}, 2)):
        assert await look(context, shelf, status) == Source(APP.digest, PYTHON.digest, number)


async def test_the_base_is_found_by_the_label_of_the_source_build(context: Context, shelf: Shelf) -> None:
    """For an object that has seen nothing yet."""
    unknown = await look(context, shelf)
    app = compose(PYTHON, [copy({"/app": "1"})], Settings(labels={BASE_DIGEST: PYTHON.digest}))
    shelf.put(app)

    assert isinstance(unknown, Stalled)
    assert unknown.reason == Reason.BASE_UNKNOWN
    assert await look(context, shelf) == Source(app.digest, PYTHON.digest, 1)


async def test_a_source_build_that_did_not_move_costs_one_head_and_the_list(
    context: Context, shelf: Shelf
) -> None:
    """Its manifest, which counts as a pull, is read only when the tag points to something new."""
    await look(context, shelf, looked_at(shelf, "base/python", PYTHON.digest))
    assert [request.partition("?")[0] for request in shelf.server.requests] == [
        "HEAD /v2/shop/api/manifests/1.4.0",
        "GET /v2/shop/api/tags/list",
    ]


async def test_what_it_stands_on_is_found_anew_for_another_base(context: Context, shelf: Shelf) -> None:
    """The image stands on python, which stands on debian; a spec that named debian first was corrected."""
    for_debian = looked_at(shelf, "base/debian", DEBIAN.digest)
    for_debian["builds"] = [build(1, "Succeeded", PYTHON.digest)]
    found = await look(context, shelf, for_debian)
    assert isinstance(found, Source)
    assert found.base_digest == PYTHON.digest


async def test_a_source_build_that_was_pushed_anew_is_read(context: Context, shelf: Shelf) -> None:
    """It may stand on another base than the one before."""
    moved = compose(NEW_PYTHON, [copy({"/app": "2"})])
    shelf.put(moved)
    found = await look(context, shelf, looked_at(shelf, "base/python", PYTHON.digest))
    assert found == Source(moved.digest, NEW_PYTHON.digest, 1)


@pytest.mark.parametrize(
    ("listed", "recorded", "number"),
    [
        (["1.4.0", "latest"], [], 1),
        (["1.4.0", "1.4.0-3"], [], 4),
        (["1.4.0", "1.4.0-3"], [7], 8),
        (["1.4.0", "1.4.0-12", "1.4.0-rc", "1.4.0-007"], [2], 13),
    ],
)
async def test_a_number_is_above_all_that_are_known(
    context: Context,
    shelf: Shelf,
    listed: list[str],
    recorded: list[int],
    number: int,
) -> None:
    """Those in the status and those of tags, also of builds that the status has forgotten."""
    shelf.tags = listed
    status = looked_at(shelf, "base/python", PYTHON.digest)
    status["builds"] = [build(one, "Succeeded", PYTHON.digest) for one in recorded]
    found = await look(context, shelf, status)
    assert isinstance(found, Source)
    assert found.next_number == number


@pytest.mark.parametrize(
    ("failure", "reason", "pause"),
    [
        (Answer(404), Reason.MANIFEST_NOT_FOUND, 15),
        (Answer(403), Reason.ACCESS_DENIED, 15),
        (Answer(429, {"Retry-After": "600"}), Reason.RATE_LIMITED, 600),
        (Answer(429, {"Retry-After": "9" * 18}), Reason.RATE_LIMITED, 86400),
        (Answer(429), Reason.RATE_LIMITED, 15),
    ],
)
async def test_a_registry_that_does_not_answer_is_asked_again(
    context: Context, shelf: Shelf, failure: Answer, reason: str, pause: int
) -> None:
    """Soon, but never before it says that it may be."""
    shelf.failure = failure
    problem = await look(context, shelf)
    assert isinstance(problem, Waiting)
    assert (problem.reason, problem.until) == (reason, timedelta(seconds=pause))


async def test_a_registry_object_that_is_missing_is_looked_for_again(context: Context, shelf: Shelf) -> None:
    """The status does not name the host yet, so its coming may be no news to this object."""
    problem = await look(context, shelf, registry="acme")
    assert isinstance(problem, Waiting)
    assert (problem.reason, problem.until) == (Reason.REGISTRY_NOT_FOUND, timedelta(seconds=60))


async def test_what_is_no_image_stalls(context: Context, shelf: Shelf) -> None:
    """Nothing changes until the pipeline pushes another one."""
    shelf.put(compose(DEBIAN, [copy({"/app": "1"})]))
    problem = await look(context, shelf, looked_at(shelf, "base/python", PYTHON.digest))
    assert isinstance(problem, Stalled)
    assert problem.reason == Reason.BASE_UNKNOWN
