"""A look at the build under way: what is asked, in which order, and what follows from the answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from slipway.api.managedimage import BaseUse
from slipway.build.builders import contract
from slipway.build.builders.contract import Progress, Run
from slipway.build.builders.errors import BuilderError, BuilderUnreachable, RunUnidentified
from slipway.build.builders.inputs import correlation_of
from slipway.build.builders.order import BuildOrder
from slipway.build.evidence import Doubt
from slipway.kinds.context import Context
from slipway.kinds.managedimage import reading, sight
from slipway.kinds.managedimage.dispatches import Dispatches
from slipway.kinds.managedimage.facts import KnownBase, NotStarted, Pushed, Running, Sight, Unclear
from slipway.kinds.managedimage.orders import order_of
from slipway.kinds.managedimage.problems import unclear
from slipway.kinds.managedimage.sight import look_at_build
from slipway.kube.errors import KubeError, Unreachable
from slipway.oci.errors import ManifestNotFound, RegistryUnreachable
from tests.support.outside import without_cluster
from tests.unit.kinds.managedimage.test_pipeline_orders import under_way
from tests.unit.kinds.managedimage.world import BASE, NEW, REPOSITORY, built_on, digest

RUN = Run("1000", "https://ci.example.com/1000")
KNOWN = {"run": {"id": RUN.id, "url": RUN.url}}
RESULT, EARLIER = digest("result"), digest("earlier")
DOUBT = Doubt("BaseNotAdopted", "other layers")
DOWN, GONE = RegistryUnreachable("the registry is down"), ManifestNotFound("there is no such manifest")
FAILED = contract.Failed("BuildFailed", "RUN false", is_infrastructure=False)


@dataclass
class Outside:
    """A builder and a registry, and what they were asked for."""

    starts_once: bool = False
    found: Run | BuilderError | None = None
    progress: Progress | Exception = field(default_factory=contract.Running)
    tagged: str | None = None
    """What the tag of the build points to."""
    registry_is_down: bool = False
    doubt: Doubt | None = None
    tells_key: bool = False
    """Whether what the tag points to carries the key of the build."""
    alike: bool = False
    """Whether images of other digests are the same but for times."""
    proven_on: list[str] = field(default_factory=list)
    """The bases that the result was compared with."""
    asked: list[str] = field(default_factory=list)

    async def find(self, order: BuildOrder) -> Run | None:
        self.asked.append("find")
        if isinstance(self.found, BuilderError):
            raise self.found
        return self.found

    async def look(self, order: BuildOrder, run: Run) -> Progress:
        self.asked.append(f"look at {run.id}")
        if isinstance(self.progress, Exception):
            raise self.progress
        return self.progress

    async def head_manifest(self, path: str, reference: str) -> Any:
        self.asked.append(reference)
        if self.registry_is_down:
            raise DOWN
        if self.tagged is None:
            raise GONE
        return SimpleNamespace(digest=self.tagged)

    async def verify(self, _place: Any, result: str, where: str, base: str) -> Doubt | None:
        self.proven_on.append(where)
        assert (result, base) == (RESULT, NEW)
        return self.doubt


@dataclass
class Stage:
    """One process."""

    context: Context
    outside: Outside
    dispatches: Dispatches

    HERE: ClassVar = (KnownBase(BASE, NEW, "python-base", registry="acme"),)

    async def look(self, status: dict[str, Any] | None = None, **build: Any) -> Sight:
        facts = under_way(**build)
        image = facts.image
        if status is not None:
            known = type(image.status).model_validate({**status, "builds": image.status.builds})
            image = image.model_copy(update={"status": known})
        return await look_at_build(self.context, image, image.status.builds[0], self.HERE, self.dispatches)

    def written_down_here(self) -> None:
        """This process is the one that began the build, and has sent nothing."""
        facts = under_way()
        order = order_of(facts.image, facts.image.status.builds[0])
        self.dispatches.unsent(facts.observed.key, correlation_of(order))


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    outside = Outside()

    async def overseer_for(*_: object) -> Outside:
        return outside

    async def image_client(*_: object) -> Outside:
        return outside

    async def base_place(_reading: Any, reference: str, registry: str | None) -> str:
        return f"{reference} by {registry}"

    async def load_image(_place: Any, found: str) -> str:
        return found

    async def no_disputes(*_: object) -> tuple[str, ...]:
        return ()

    for name, fake in (
        ("overseer_for", overseer_for),
        ("verify_adopted", outside.verify),
        ("load_image", load_image),
        ("is_marked", lambda _found, _key: outside.tells_key),
        ("is_unchanged", lambda _before, _now: outside.alike),
        ("find_disputes", no_disputes),
    ):
        monkeypatch.setattr(sight, name, fake)
    monkeypatch.setattr(reading, "image_client", image_client)
    monkeypatch.setattr(reading.Reading, "base_place", base_place)
    async with without_cluster() as context:
        yield Stage(context, outside, Dispatches())


# --- is it under way?


async def test_run_that_is_known_is_followed(stage: Stage) -> None:
    """It need not be found again, and the registry is not asked while it goes on."""
    assert await stage.look(**KNOWN) == Running(RUN, contract.Running())
    assert stage.outside.asked == ["look at 1000"]


async def test_run_that_is_found_is_followed(stage: Stage) -> None:
    """After a lost answer, or by another process."""
    stage.outside.found, stage.outside.progress = RUN, FAILED
    assert await stage.look() == Running(RUN, FAILED)
    assert stage.outside.asked == ["find", "look at 1000"]


async def test_run_that_told_how_it_goes_when_it_was_found_is_not_asked_again(stage: Stage) -> None:
    """A Job tells both in one answer."""
    stage.outside.found = replace(RUN, progress=FAILED)
    assert await stage.look() == Running(RUN, FAILED)
    assert stage.outside.asked == ["find"]


@pytest.mark.parametrize("starts_once", [False, True], ids=["pipeline", "Job"])
async def test_what_was_surely_not_sent_is_not_looked_for(stage: Stage, starts_once: bool) -> None:
    """Nobody is asked for nothing; an earlier attempt may have pushed, though."""
    stage.outside.starts_once = starts_once
    stage.written_down_here()
    assert await stage.look() == NotStarted()
    assert stage.outside.asked == ["1.4.0-1"]


async def test_refusal_of_the_last_try_is_told(stage: Stage) -> None:
    """So that the attempt says why, whatever becomes of it."""
    stage.written_down_here()
    facts = under_way()
    why = unclear(BuilderUnreachable("no answer"))
    order = order_of(facts.image, facts.image.status.builds[0])
    stage.dispatches.refused(facts.observed.key, correlation_of(order), why)
    assert await stage.look() == NotStarted(why)


@pytest.mark.parametrize("is_there", [True, False], ids=["its result is there", "nothing is there"])
async def test_result_needs_no_run_to_be_told_by(stage: Stage, *, is_there: bool) -> None:
    """Where nothing tells which run it is, what it pushed may."""
    stage.outside.tells_key = True
    stage.outside.found = RunUnidentified("the runs do not tell")
    stage.outside.tagged = RESULT if is_there else None
    found = await stage.look()
    if is_there:
        assert isinstance(found, Pushed)
    else:
        assert isinstance(found, Unclear)
        assert (found.reason, found.for_person) == ("OutcomeUnknown", True)


@pytest.mark.parametrize("unsent", [True, False])
async def test_builder_that_does_not_answer_tells_whether_it_was_asked_before(
    stage: Stage, *, unsent: bool
) -> None:
    """What was never sent need not be waited for."""
    if unsent:
        stage.written_down_here()
    stage.outside.progress = BuilderUnreachable("no answer")
    found = await stage.look(**KNOWN)
    assert isinstance(found, Unclear)
    assert (found.reason, found.is_unsent) == ("BuilderUnreachable", unsent)


async def test_registry_that_is_away_is_asked_again(stage: Stage) -> None:
    """The build has succeeded, and nobody knows what it pushed."""
    stage.outside.progress, stage.outside.registry_is_down = contract.Succeeded(), True
    found = await stage.look(**KNOWN)
    assert isinstance(found, Unclear)
    assert found.reason == DOWN.reason


async def test_api_server_that_is_away_ends_the_run(stage: Stage) -> None:
    """It is no trouble of the builder's."""
    stage.outside.progress = Unreachable("down")
    with pytest.raises(KubeError):
        await stage.look(**KNOWN)


# --- what did it push?


@pytest.mark.parametrize(
    ("progress", "asked"),
    [
        (contract.Succeeded(RESULT), []),
        (contract.Succeeded(), ["1.4.0-1"]),
        (contract.Unknown(), ["1.4.0-1"]),
    ],
    ids=["it tells the digest", "it tells that it succeeded", "it tells nothing"],
)
async def test_result_is_what_the_builder_tells_else_what_the_tag_names(
    stage: Stage, progress: Progress, asked: list[str]
) -> None:
    """A tag may be moved by somebody; a digest says what it was."""
    stage.outside.progress, stage.outside.tagged = progress, RESULT
    assert await stage.look(**KNOWN) == Pushed(RESULT, None, is_unchanged=False, run=RUN)
    assert stage.outside.asked == ["look at 1000", *asked]


async def test_build_that_says_it_pushed_and_did_not_has_failed(stage: Stage) -> None:
    """It says nothing of the inputs: perhaps it pushed elsewhere."""
    stage.outside.progress = contract.Succeeded()
    found = await stage.look(**KNOWN)
    assert isinstance(found, Running)
    assert isinstance(found.progress, contract.Failed)
    assert (found.progress.reason, found.progress.is_infrastructure) == ("ResultMissing", True)


async def test_build_that_nobody_tells_of_goes_on_until_its_tag_is_there(stage: Stage) -> None:
    """Such as one behind a webhook."""
    stage.outside.progress = contract.Unknown()
    assert await stage.look(**KNOWN) == Running(RUN, contract.Unknown())


async def test_result_in_another_place_than_the_spec_names_is_not_looked_at(stage: Stage) -> None:
    """What has the tag there is of somebody else."""
    stage.outside.progress, stage.outside.tagged = contract.Succeeded(RESULT), RESULT
    found = await stage.look(**KNOWN, reference="registry.example.com/old/api:1.4.0-1")
    assert isinstance(found, Running)
    assert stage.outside.asked == ["look at 1000"]


# --- what does it prove?


async def test_result_is_compared_with_the_base_that_the_build_used(stage: Stage) -> None:
    """Through the Registry of whoever watches the base; a doubt is passed on."""
    stage.outside.progress, stage.outside.doubt = contract.Succeeded(RESULT), DOUBT
    found = await stage.look(**KNOWN)
    assert isinstance(found, Pushed)
    assert found.doubt == DOUBT
    assert stage.outside.proven_on == [f"{BASE} by acme"]


@pytest.mark.parametrize(
    ("kind", "is_compared"), [("Final", True), ("Builder", False), ("CopyFrom", False), ("Syntax", False)]
)
async def test_only_what_the_image_stands_on_has_to_be_there(
    stage: Stage, kind: str, *, is_compared: bool
) -> None:
    """The layers of a builder stage are not those of the image."""
    stage.outside.progress = contract.Succeeded(RESULT)
    status = built_on(NEW)
    status["bases"][0]["uses"] = [BaseUse(stage="0", kind=kind).model_dump()]
    del status["image"]
    await stage.look(status, **KNOWN)
    assert bool(stage.outside.proven_on) is is_compared


async def test_nothing_is_compared_where_nobody_wants_to_know(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`verify.baseAdopted: Ignore` spares the reads."""
    stage.outside.progress, stage.outside.doubt = contract.Succeeded(RESULT), DOUBT
    facts = under_way(**KNOWN)
    ignoring = facts.image.spec.verify.model_copy(update={"base_adopted": "Ignore"})
    spec = facts.image.spec.model_copy(update={"verify": ignoring})
    image = facts.image.model_copy(update={"spec": spec})
    found = await look_at_build(stage.context, image, image.status.builds[0], (), stage.dispatches)
    assert isinstance(found, Pushed)
    assert (found.doubt, stage.outside.proven_on) == (None, [])


@pytest.mark.parametrize(
    ("before", "alike", "is_unchanged"),
    [
        pytest.param(RESULT, False, True, id="the very image of before"),
        pytest.param(EARLIER, True, True, id="the same but for times"),
        pytest.param(EARLIER, False, False, id="another one"),
        pytest.param(None, True, False, id="there was none"),
    ],
)
async def test_result_is_compared_with_the_image_of_before(
    stage: Stage, before: str | None, *, alike: bool, is_unchanged: bool
) -> None:
    """What is the same is not promoted."""
    stage.outside.progress, stage.outside.alike = contract.Succeeded(RESULT), alike
    status = built_on(NEW, image={"reference": f"{REPOSITORY}:1.4.0", "digest": before})
    if before is None:
        del status["image"]
    found = await stage.look(status, **KNOWN)
    assert isinstance(found, Pushed)
    assert found.is_unchanged is is_unchanged


async def test_image_of_before_in_another_place_is_another_image(stage: Stage) -> None:
    """It is pushed to where the spec says now, and has to be promoted there."""
    stage.outside.progress = contract.Succeeded(RESULT)
    status = built_on(NEW, image={"reference": "registry.example.com/old/api:1.4.0", "digest": RESULT})
    found = await stage.look(status, **KNOWN)
    assert isinstance(found, Pushed)
    assert not found.is_unchanged


async def test_image_of_before_that_is_gone_is_another_image(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registry has lost it: there is nothing to compare with."""

    async def load_image(_place: Any, found: str) -> str:
        if found == EARLIER:
            raise GONE
        return found

    monkeypatch.setattr(sight, "load_image", load_image)
    stage.outside.progress, stage.outside.alike = contract.Succeeded(RESULT), True
    status = built_on(NEW, image={"reference": f"{REPOSITORY}:1.4.0", "digest": EARLIER})
    found = await stage.look(status, **KNOWN)
    assert isinstance(found, Pushed)
    assert not found.is_unchanged
