"""What a look at a build under way shows, and whose the tag is that it finds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from dev.image_composer import MadeImage, Settings, compose, copy
from slipway.api.managedimage import Build, ManagedImage
from slipway.build.builders import contract
from slipway.build.builders.contract import Progress, Run
from slipway.build.builders.errors import RunUnidentified
from slipway.build.builders.inputs import correlation_of
from slipway.build.builders.order import BuildOrder
from slipway.kinds.context import Context
from slipway.kinds.managedimage import sight
from slipway.kinds.managedimage.dispatches import Dispatches
from slipway.kinds.managedimage.facts import KnownBase, NotStarted, Pushed, Running, Sight, TagTaken, Unclear
from slipway.kinds.managedimage.orders import order_of
from slipway.kinds.managedimage.view import managed_image_key
from tests.support.outside import without_cluster
from tests.unit.kinds.managedimage.test_source import PYTHON, Shelf
from tests.unit.kinds.managedimage.world import NOW, body, build

KEY = "a" * 32
TAG = "1.4.0-1"
RUN = Run("api-1")
DONE = contract.Succeeded(None)


def made(**annotations: str) -> MadeImage:
    """An image on the base of the build, with these annotations beside what all images say."""
    named = {"slipway.dev/" + name.replace("_", "-"): value for name, value in annotations.items()}
    return compose(PYTHON, [copy({"/app": "1"})], Settings(annotations=named))


OURS, STRANGE = made(build_key=KEY), made(build_key="b" * 32)
PLAIN = made()


@dataclass
class FakeOverseer:
    """A server with one run at most."""

    starts_once: ClassVar[bool] = True

    run: Run | None = None
    progress: Progress = field(default_factory=contract.Running)
    problem: RunUnidentified | None = None

    async def find(self, order: BuildOrder) -> Run | None:
        """The run, or what is wrong with it."""
        if self.problem is not None:
            raise self.problem
        return self.run

    async def look(self, order: BuildOrder, run: Run) -> Progress:
        """How it goes."""
        return self.progress

    async def cancel(self, order: BuildOrder, run: Run) -> None:
        """Nobody asks here."""
        raise NotImplementedError


@dataclass
class Stage:
    """A registry, a builder, and what this process has sent."""

    context: Context
    shelf: Shelf
    overseer: FakeOverseer
    dispatches: Dispatches = field(default_factory=Dispatches)

    @property
    def image(self) -> ManagedImage:
        target = {"repository": f"{self.shelf.host}/shop/api", "tag": "1.4.0-{build}"}
        source = {"git": {"url": "https://git.example.com/shop.git"}}
        return ManagedImage.model_validate(body(image=target, source=source, build={"type": "Job"}, bases=[]))

    @property
    def build(self) -> Build:
        base = {"reference": f"{self.shelf.host}/base/python:3", "digest": PYTHON.digest}
        of = build(1, "Building", PYTHON.digest, key=KEY, method="Build", bases=[base])
        return Build.model_validate({**of, "reference": f"{self.shelf.host}/shop/api:{TAG}"})

    def has(self, image: MadeImage) -> None:
        """The tag of the build is there."""
        self.shelf.names |= {("shop/api", TAG): image, ("shop/api", image.digest): image}

    def sent(self) -> None:
        """This process has given the order."""
        order = order_of(self.image, self.build)
        self.dispatches.sent(managed_image_key("shop", "api"), correlation_of(order), NOW)

    async def look(self) -> Sight:
        known = KnownBase(f"{self.shelf.host}/base/python:3", PYTHON.digest, "python")
        return await sight.look_at_build(self.context, self.image, self.build, (known,), self.dispatches)


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    """A registry with the base."""
    shelf = Shelf()
    with shelf.server:
        yield shelf


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch, shelf: Shelf) -> AsyncIterator[Stage]:
    """A process that has just begun a build."""
    overseer = FakeOverseer()

    async def overseer_for(*_: object) -> FakeOverseer:
        return overseer

    monkeypatch.setattr(sight, "overseer_for", overseer_for)
    async with without_cluster() as context:
        yield Stage(context, shelf, overseer)


async def test_what_was_not_started_and_not_pushed_is_to_be_started(stage: Stage) -> None:
    """Nothing is there."""
    assert await stage.look() == NotStarted()


async def test_what_carries_the_key_is_the_result_though_no_run_is_left(stage: Stage) -> None:
    """Its Job was collected, or an earlier attempt pushed it at last."""
    stage.has(OURS)
    assert await stage.look() == Pushed(OURS.digest, None, is_unchanged=False)


@pytest.mark.parametrize("image", [STRANGE, PLAIN], ids=["of another build", "of somebody who tells nothing"])
async def test_tag_of_a_stranger_is_not_the_result(stage: Stage, image: MadeImage) -> None:
    """Also where its layers stand on the right base: it was there before anything was started."""
    stage.has(image)
    assert await stage.look() == TagTaken()


async def test_what_was_pushed_after_it_was_ordered_is_the_result(stage: Stage) -> None:
    """The order was given while the tag was free; its run is gone, or cannot be seen yet."""
    stage.sent()
    stage.has(PLAIN)
    assert isinstance(await stage.look(), Pushed)


@pytest.mark.parametrize("progress", [DONE, contract.Unknown()], ids=["it is over", "nobody tells"])
async def test_what_a_run_of_the_build_left_is_the_result(stage: Stage, progress: Progress) -> None:
    """Builders that tell no digest push to the tag that they were told, which was free."""
    stage.overseer.run, stage.overseer.progress = RUN, progress
    assert isinstance(await stage.look(), Running)
    stage.has(PLAIN)
    assert isinstance(await stage.look(), Pushed)


async def test_tag_is_not_looked_at_while_its_run_goes_on(stage: Stage) -> None:
    """What it has by then may be half of an index."""
    stage.overseer.run = RUN
    stage.has(PLAIN)
    assert await stage.look() == Running(RUN, contract.Running())


async def test_run_that_cannot_be_told_from_others_ends_with_what_is_proven(stage: Stage) -> None:
    """Else a person has to say which it is: it is neither started again nor taken for the result."""
    stage.overseer.problem = RunUnidentified("the runs do not tell")
    assert isinstance(await stage.look(), Unclear)
    stage.has(PLAIN)
    assert isinstance(await stage.look(), Unclear)
    stage.has(OURS)
    assert isinstance(await stage.look(), Pushed)


async def test_what_is_broken_keeps_its_tag_too(stage: Stage, shelf: Shelf) -> None:
    """An index that lacks an image proves nothing, and is not overwritten either."""
    whole = compose(PYTHON, [copy({"/app": "1"})], index=True)
    shelf.names[("shop/api", TAG)] = whole
    assert await stage.look() == TagTaken()
