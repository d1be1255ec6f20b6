"""What every builder does for an order, and what it tells of a run.

A run is started at most once: `find` is asked after a crash or a lost answer, before `start` is asked again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from slipway.build.builders.order import BuildOrder

__all__ = [
    "Builder",
    "Cancelled",
    "Failed",
    "Overseer",
    "Pending",
    "Progress",
    "Run",
    "Running",
    "Succeeded",
    "Unknown",
]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a builder, as it is written into the status."""

    id: str
    """What the builder knows it by; of no meaning to others."""

    url: str | None = None
    """Where people read its log, where there is such a page."""

    progress: Progress | None = field(default=None, compare=False)
    """How it goes, where finding it told that too: then nobody has to look."""


@dataclass(frozen=True, slots=True)
class Pending:
    """Nothing runs yet: it waits for a runner, for its turn, or for a person who lets it through."""

    url: str | None = None
    """Where people read its log."""


@dataclass(frozen=True, slots=True)
class Running:
    """It is on its way, or on its way out after a cancellation."""

    url: str | None = None
    """Where people read its log."""


@dataclass(frozen=True, slots=True)
class Succeeded:
    """It is over, and says that it pushed the image."""

    digest: str | None = None
    """What it pushed; None where the builder does not tell, and the tag in the registry does."""

    url: str | None = None
    """Where people read its log."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It is over and did not push the image."""

    reason: str
    """A member of `slipway.api.conditions.Reason`."""

    message: str
    """What went wrong and what to do; without secrets."""

    is_infrastructure: bool
    """Whether it says nothing of what was built: the same order may succeed when it is given again."""

    url: str | None = None
    """Where people read its log."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """It was ended from outside: by us, by a person, or by a rule of the builder's own."""

    url: str | None = None
    """Where people read its log."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody tells how it goes: it is over when its tag is in the registry, or its time is up."""

    url: str | None = None
    """Where people read its log."""


Progress: TypeAlias = Pending | Running | Succeeded | Failed | Cancelled | Unknown
"""How a run goes."""


class Overseer(Protocol):
    """Follows the runs of orders, and ends them.

    Every method may raise a `BuilderError`, drawn in `errors.py`; `cancel`, and `start` of a builder, also
    `LeaseLost`, when the fence of their `HttpClient` lets nothing out any more: then nothing was sent.
    """

    @property
    def starts_once(self) -> bool:
        """Whether an order that is given twice is one run all the same: `find` need not be asked first."""

    async def find(self, order: BuildOrder) -> Run | None:
        """The run of this order; None when there is none, or none to be seen yet.

        Raises:
            RunUnidentified: when nobody can tell whether there is one. It must not be started then.
        """

    async def look(self, order: BuildOrder, run: Run) -> Progress:
        """How the run goes."""

    async def cancel(self, order: BuildOrder, run: Run) -> None:
        """Asks it to end. A run that is over is as good; `look` tells when it has ended.

        Raises:
            NotOffered: when this builder cannot.
        """


class Builder(Overseer, Protocol):
    """Makes the image of an order."""

    async def start(self, order: BuildOrder) -> Run | None:
        """Starts one run; None when it was taken, but is known only to `find`, some seconds later.

        Raises:
            BuilderError: with `may_have_arrived` when a run may have been started all the same.
        """
