"""`slipway builds`: the history of a ManagedImage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from slipway.api.managedimage import Build
from slipway.cli.building.reading import Cluster
from slipway.cli.forms import Format
from slipway.cli.output import print_json, print_table, say
from slipway.cli.tables import Column, Shown, age, cells, took
from slipway.clock import Clock, format_time

__all__ = ["show_builds"]

_COMMIT: Final = 7
_DIGEST: Final = len("sha256:") + 12


def _seconds(build: Build, now: datetime) -> float:
    """How long it took, or takes by now."""
    return max(0.0, ((build.finished_at or now) - build.started_at).total_seconds())


def _types(build: Build) -> str:
    return ", ".join(dict.fromkeys(reason.type for reason in build.reasons))


def _details(build: Build) -> str:
    return "; ".join(reason.detail for reason in build.reasons)


_COLUMNS: Final[tuple[Column[Build], ...]] = (
    Column("BUILD", lambda build, _: str(build.number)),
    Column("PHASE", lambda build, _: build.phase),
    Column("WHY", lambda build, _: _types(build), Shown.NARROW),
    Column("WHY", lambda build, _: _details(build), Shown.WIDE),
    Column("ATTEMPTS", lambda build, _: str(build.attempts or 1)),
    Column("STARTED", lambda build, now: age(build.started_at, now), Shown.NARROW),
    Column("STARTED", lambda build, _: format_time(build.started_at), Shown.WIDE),
    Column("TOOK", lambda build, now: took(_seconds(build, now))),
    Column("COMMIT", lambda build, _: (build.commit or "")[:_COMMIT], Shown.NARROW),
    Column("COMMIT", lambda build, _: build.commit or "", Shown.WIDE),
    Column("DIGEST", lambda build, _: (build.digest or "")[:_DIGEST], Shown.NARROW),
    Column("DIGEST", lambda build, _: build.digest or "", Shown.WIDE),
    Column("REFERENCE", lambda build, _: build.reference, Shown.WIDE),
    Column("REQUESTED BY", lambda build, _: build.requested_by or "", Shown.WIDE),
    Column("MESSAGE", lambda build, _: build.message or ""),
)


async def show_builds(cluster: Cluster, name: str, form: Format, clock: Clock) -> None:
    """Print the builds that the status keeps, the newest first.

    Raises:
        Refused: when there is no such ManagedImage, or it cannot be read.
    """
    image, now = await cluster.image(name), clock.now()
    builds: Sequence[Build] = image.status.builds
    if form is Format.JSON:
        print_json({"items": [_item(build, now) for build in builds]})
    elif builds:
        print_table(*cells(_COLUMNS, builds, now, wide=form is Format.WIDE))
    else:
        say(f"ManagedImage {name} has no build yet.")


def _item(build: Build, now: datetime) -> dict[str, Any]:
    """As in the status, with the time that it took."""
    known = build.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {**known, "seconds": _seconds(build, now)}
