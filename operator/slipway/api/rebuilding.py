"""When builds of a ManagedImage are made: `spec.rebuild`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from slipway.api.base import ApiModel
from slipway.api.markers import Advice, Rule
from slipway.api.strings import Duration, PositiveDuration, Time

__all__ = ["Freeze", "MaintenanceWindow", "Reaction", "Reactions", "RebuildSpec"]

Reaction: TypeAlias = Literal["Rebuild", "Notify", "Ignore"]

Schedule = Annotated[
    str,
    Field(min_length=9, max_length=128, pattern=r"^[0-9A-Za-z*/,#?LW-]+( [0-9A-Za-z*/,#?LW-]+){4}$"),
    Advice("write five fields, as cron has them: minute hour day month weekday, such as 0 2 * * 6"),
]

TimeZone = Annotated[
    str,
    Field(min_length=1, max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_+/-]*$"),
    Advice("write the name of a time zone, such as Europe/Berlin or UTC"),
]

WindowDuration = Annotated[
    PositiveDuration,
    Rule("duration(self) <= duration('744h')", "write a duration up to 744h"),
]


class MaintenanceWindow(ApiModel):
    """A time that comes again and again in which builds may begin."""

    schedule: Schedule
    """When it opens, by the clock of its time zone: minute, hour, day of month, month, day of week."""

    duration: WindowDuration
    """How long it stays open, in elapsed time."""

    time_zone: TimeZone = "UTC"
    """IANA name of the time zone."""


class Freeze(ApiModel):
    """A time in which no build begins, whatever the windows say: recurring, or one period."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.schedule) == has(self.duration) && has(self.from) == has(self.until) && "
            "has(self.schedule) != has(self.from)",
            "write either schedule and duration, for a freeze that comes again, or from and until",
        ),
        Rule(
            "!has(self.timeZone) || has(self.schedule)",
            "timeZone goes with schedule: from and until have a zone of their own",
        ),
        Rule(
            "!has(self.from) || !has(self.until) || self.from < self.until", "until must be later than from"
        ),
    )

    schedule: Schedule | None = None
    """When it begins, as in windows."""

    duration: WindowDuration | None = None
    """How long it lasts; goes with schedule."""

    time_zone: TimeZone | None = None
    """IANA name of the time zone of the schedule; UTC without it."""

    from_: Time | None = Field(default=None, alias="from")
    """When it begins; goes with until."""

    until: Time | None = None
    """When it ends."""

    reason: Annotated[str, Field(min_length=1, max_length=128)]
    """Why nothing may begin then; messages have it."""


class Reactions(ApiModel):
    """What a change leads to: Rebuild, Notify (the image is Outdated until somebody asks), or Ignore."""

    base: Reaction = "Rebuild"
    """A base that the image itself stands on."""

    builder_stage: Reaction = "Rebuild"
    """An image that another stage of the Dockerfile stands on, or that reads the Dockerfile (`# syntax=`)."""

    copy_from: Reaction = "Rebuild"
    """An image that files are copied from."""

    source: Reaction = "Rebuild"
    """What is built: a commit, or the source build of a rebase."""


class RebuildSpec(ApiModel):
    """When a build is made."""

    policy: Literal["Automatic", "Manual", "Notify"] = "Automatic"
    """Automatic builds by itself. Manual waits for the annotation slipway.dev/rebuild; Notify does too, and
    tells of each change by an Event."""

    delay: Duration = "0s"
    """How long ago a base must have moved."""

    coordination_window: Duration = "30m"
    """How long, from the first move on, a build waits for other bases that may move too; it ends as soon as
    there is none to wait for."""

    on: Reactions = Reactions()
    """What which change leads to."""

    windows: Annotated[tuple[MaintenanceWindow, ...], Field(max_length=16)] = ()
    """Builds begin only while one of these is open; without any, at any time."""

    freezes: Annotated[tuple[Freeze, ...], Field(max_length=16)] = ()
    """No build begins during one of these."""

    priority: Literal["Low", "Normal", "High"] = "Normal"
    """Who goes first when more builds are due than may run at the same time."""
