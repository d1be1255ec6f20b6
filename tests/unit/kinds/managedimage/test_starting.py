"""What is kept in mind of an attempt that was given to its builder."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from slipway.build.builders.contract import Progress, Run
from slipway.build.builders.errors import BuilderTimeout, OrderRefused
from slipway.build.builders.inputs import correlation_of
from slipway.build.builders.order import BuildOrder
from slipway.engine.key import Key
from slipway.kinds.managedimage.dispatches import GRACE, Dispatches
from slipway.kinds.managedimage.starting import Starter
from slipway.kube.errors import (
    Forbidden,
    Invalid,
    KubeError,
    LeftOver,
    NameConflict,
    ServerError,
    TooManyRequests,
    Unexpected,
    Unreachable,
)
from tests.support.ci.fake import ManualClock, order_of

KEY = Key("managedimages.slipway.dev", "shop", "api")
ORDER = order_of()


@dataclass
class FakeBuilder:
    """Raises what it is given, and tells what it is told to have."""

    starts_once: bool = True
    trouble: Exception | None = None
    found: Run | KubeError | None = None

    async def find(self, order: BuildOrder) -> Run | None:
        if isinstance(self.found, KubeError):
            raise self.found
        return self.found

    async def start(self, order: BuildOrder) -> Run | None:
        if self.trouble is not None:
            raise self.trouble
        return Run("1")

    async def look(self, order: BuildOrder, run: Run) -> Progress:
        raise NotImplementedError

    async def cancel(self, order: BuildOrder, run: Run) -> None:
        raise NotImplementedError


class Stage:
    """A process that has written the attempt down."""

    def __init__(self) -> None:
        self.clock, self.dispatches = ManualClock(), Dispatches()
        self.dispatches.unsent(KEY, correlation_of(ORDER))
        self.starter = Starter(self.clock, self.dispatches)

    async def start(self, builder: FakeBuilder) -> Run | None:
        return await self.starter.start(KEY, builder, ORDER)

    async def refused(self, builder: FakeBuilder) -> str:
        """The reason that is remembered."""
        assert builder.trouble is not None
        with pytest.raises(type(builder.trouble)):
            await self.start(builder)
        refusal = self.dispatches.refusal(KEY, correlation_of(ORDER))
        assert refusal is not None
        return refusal.reason

    @property
    def is_idle(self) -> bool:
        return self.starter.is_idle(KEY, ORDER)


async def test_attempt_that_was_taken_is_under_way() -> None:
    """Nobody starts it again."""
    stage = Stage()
    assert stage.is_idle
    assert await stage.start(FakeBuilder()) == Run("1")
    assert not stage.is_idle
    assert stage.dispatches.refusal(KEY, correlation_of(ORDER)) is None


@pytest.mark.parametrize(
    ("error", "found", "is_idle"),
    [
        pytest.param(Forbidden("exceeded quota"), Run("1"), True, id="it is forbidden"),
        pytest.param(Invalid("no such field"), Run("1"), True, id="it is not accepted"),
        pytest.param(TooManyRequests("later"), Run("1"), True, id="it was not looked at"),
        pytest.param(NameConflict("a stranger"), Run("1"), True, id="a stranger has its name"),
        pytest.param(LeftOver("being removed"), Run("1"), True, id="one of a deleted image has its name"),
        pytest.param(ServerError("webhook"), None, True, id="a webhook is down, and there is none"),
        pytest.param(ServerError("time-out"), Run("1"), False, id="a time-out, and there is one"),
        pytest.param(Unreachable("broke"), None, True, id="the answer was lost, and there is none"),
        pytest.param(Unexpected("302"), Run("1"), False, id="a strange answer, and there is one"),
        pytest.param(Unreachable("broke"), Forbidden("no"), False, id="nobody tells whether there is one"),
    ],
)
async def test_job_is_idle_only_where_there_surely_is_none(
    error: KubeError, found: Run | KubeError | None, *, is_idle: bool
) -> None:
    """Only then may its turn be another's."""
    stage = Stage()
    assert await stage.refused(FakeBuilder(trouble=error, found=found)) == error.reason
    assert stage.is_idle is is_idle


@pytest.mark.parametrize("may_have_arrived", [True, False])
async def test_pipeline_is_idle_only_where_nothing_arrived(*, may_have_arrived: bool) -> None:
    """And where nothing may have arrived before."""
    stage = Stage()
    lost = FakeBuilder(False, BuilderTimeout("no answer", may_have_arrived=may_have_arrived))
    assert await stage.refused(lost) == "Timeout"
    assert stage.is_idle is not may_have_arrived
    assert await stage.refused(FakeBuilder(False, OrderRefused("an input"))) == "OrderRefused"
    assert stage.is_idle is not may_have_arrived


async def test_run_that_may_be_there_is_looked_for_from_the_moment_of_its_answer_on() -> None:
    """That may have been long in coming."""
    stage, lost = Stage(), FakeBuilder(False, BuilderTimeout("no answer", may_have_arrived=True))
    assert not stage.starter.may_be_there(KEY, lost, ORDER)
    await stage.refused(lost)
    stage.clock.seconds += GRACE.total_seconds() - 1
    assert stage.starter.may_be_there(KEY, lost, ORDER)
    stage.clock.seconds += 1
    assert not stage.starter.may_be_there(KEY, lost, ORDER)


async def test_what_is_started_once_need_not_be_looked_for() -> None:
    """A Job's name, and a webhook's id, follow from the order."""
    starter = Starter(ManualClock(), Dispatches())
    assert not starter.may_be_there(KEY, FakeBuilder(starts_once=True), ORDER)
    assert starter.may_be_there(KEY, FakeBuilder(starts_once=False), ORDER)
