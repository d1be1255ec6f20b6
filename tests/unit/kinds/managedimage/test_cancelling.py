"""Runs that were given up are ended before another one of their image begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from slipway.api.managedimage import ManagedImage
from slipway.build.builders import contract
from slipway.build.builders.contract import Progress, Run
from slipway.build.builders.errors import BuilderError, BuilderUnreachable, NotOffered, RunUnidentified
from slipway.build.builders.order import BuildOrder
from slipway.clock import format_time
from slipway.engine.outcome import Waiting
from slipway.kinds.managedimage.cancelling import Canceller, given_up
from slipway.kinds.managedimage.dispatches import Dispatches
from tests.support.ci.fake import ManualClock
from tests.unit.kinds.managedimage.test_pipeline_orders import GITHUB, RUN, under_way
from tests.unit.kinds.managedimage.world import NOW, facts

LIMIT = timedelta(minutes=35)
KNOWN = {"id": RUN.id, "url": RUN.url}


def after(time: timedelta, phase: str = "Failed", **more: Any) -> ManagedImage:
    """An image whose newest build ended so long after it was begun."""
    ended = {"phase": phase, "finishedAt": format_time(NOW + time)}
    return under_way(**ended, **{"reason": "OutcomeUnknown", **more}).image


@pytest.mark.parametrize(
    ("image", "is_given_up"),
    [
        pytest.param(after(LIMIT), True, id="nobody told how it goes until its time was over"),
        pytest.param(after(LIMIT, "Cancelled"), True, id="it could not be cancelled until then"),
        pytest.param(after(LIMIT, reason="BuildTimedOut"), True, id="it was ended when its time was over"),
        pytest.param(after(LIMIT - timedelta(seconds=1)), False, id="it ended within its time"),
        pytest.param(after(LIMIT, "Succeeded", reason=None), False, id="it succeeded, if late"),
        pytest.param(after(LIMIT, "Unchanged", reason=None), False, id="it gave the image of before"),
        pytest.param(after(LIMIT, method="Rebase"), False, id="it was a rebase"),
        pytest.param(under_way().image, False, id="it is under way"),
        pytest.param(facts(build=GITHUB).image, False, id="there is none"),
    ],
)
def test_what_may_go_on_is_what_ended_when_its_time_was_over(image: ManagedImage, is_given_up: bool) -> None:
    """All others have told of their end, or were called back."""
    assert (given_up(image) is not None) is is_given_up


@dataclass
class Server:
    """A builder with one run."""

    starts_once: ClassVar[bool] = False

    progress: Progress = field(default_factory=contract.Running)
    found: Run | BuilderError | None = None
    trouble: BuilderError | None = None
    cancelled: list[Run] = field(default_factory=list)

    async def find(self, order: BuildOrder) -> Run | None:
        if isinstance(self.found, BuilderError):
            raise self.found
        return self.found

    async def start(self, order: BuildOrder) -> Run | None:
        raise NotImplementedError

    async def look(self, order: BuildOrder, run: Run) -> Progress:
        return self.progress

    async def cancel(self, order: BuildOrder, run: Run) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.cancelled.append(run)


async def ensure_ended(server: Server, image: ManagedImage) -> Waiting | None:
    lost = given_up(image)
    assert lost is not None
    return await Canceller(ManualClock(), Dispatches()).ensure_ended(server, image, lost)


async def test_run_that_was_given_up_is_ended_first() -> None:
    """Else two of one image would run beside each other."""
    server = Server()
    assert await ensure_ended(server, after(LIMIT, run=KNOWN)) is None
    assert server.cancelled == [RUN]


async def test_run_that_came_to_light_is_ended_too() -> None:
    """The answer to its dispatch was lost."""
    server = Server(found=RUN)
    assert await ensure_ended(server, after(LIMIT)) is None
    assert server.cancelled == [RUN]


@pytest.mark.parametrize("found", [None, RunUnidentified("the runs do not tell")], ids=["none", "untold"])
async def test_run_that_cannot_be_found_is_not_waited_for(found: BuilderError | None) -> None:
    """There is none to be seen, after all this time."""
    assert await ensure_ended(Server(found=found), after(LIMIT)) is None


@pytest.mark.parametrize(
    ("progress", "waits"),
    [
        (contract.Pending(), True),
        (contract.Running(), True),
        (contract.Unknown(), False),
        (contract.Succeeded(), False),
        (contract.Cancelled(), False),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, bool) else None,
)
async def test_run_that_nobody_can_end_is_waited_for(progress: Progress, waits: bool) -> None:
    """As long as it is known to go on; a person reads what to do."""
    server = Server(progress=progress, trouble=NotOffered("end it on its page"))
    problem = await ensure_ended(server, after(LIMIT, run=KNOWN))
    assert (problem is not None) is waits
    if problem is not None:
        assert (problem.reason, problem.until) == ("NotOffered", timedelta(minutes=1))
        assert "end it on its page" in problem.message


async def test_run_of_another_pipeline_is_not_waited_for() -> None:
    """The spec names another one by now, where its number may be that of somebody else's run."""
    server = Server()
    assert await ensure_ended(server, after(LIMIT, run=KNOWN, configuration="another")) is None
    assert server.cancelled == []


async def test_host_that_is_away_still_has_to_be_asked() -> None:
    """Nothing begins there anyway."""
    server = Server(trouble=BuilderUnreachable("no answer"))
    with pytest.raises(BuilderUnreachable):
        await ensure_ended(server, after(LIMIT, run=KNOWN))
