"""`slipway impact`: what a move of an image leads to."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from slipway.build.graph import Impact, LeftBehind, PlannedBuild, Rollout
from slipway.cli.building.prediction import Application, foresee
from slipway.cli.building.reading import Cluster
from slipway.cli.building.standing import Node, Standing
from slipway.cli.forms import Format
from slipway.cli.output import print_json, print_table
from slipway.cli.plain import printable
from slipway.cli.tables import Column, Shown, cells, took
from slipway.clock import Clock

__all__ = ["show_impact"]

_Found = Impact[Node, Application]

_BUILDS: Final[tuple[Column[PlannedBuild[Node]], ...]] = (
    Column("WAVE", lambda build, _: str(build.wave)),
    Column("IMAGE", lambda build, _: build.node.id),
    Column("BEGINS", lambda build, _: took(build.start)),
    Column("ENDS", lambda build, _: took(build.end)),
    Column("TIME FROM", lambda build, _: "other images" if build.guessed else "past builds", Shown.WIDE),
)


async def show_impact(
    cluster: Cluster, text: str, form: Format, at_once: int, clock: Clock, *, everywhere: bool
) -> None:
    """Print which builds and rollouts follow when an image moves, and what stays behind.

    Args:
        cluster: that is read.
        text: an image reference, or the name of a ManagedImage.
        form: how it is printed.
        at_once: how many builds may be under way.
        clock: what cells are told for.
        everywhere: whether the images of all namespaces are affected.

    Raises:
        Refused: when the objects cannot be read, or nothing here is that image.
    """
    namespace = None if everywhere else cluster.namespace
    standing = Standing.of(await cluster.images(namespace))
    moved = standing.meant(text, cluster.namespace)
    found = foresee(standing, moved, await cluster.deployments(namespace), at_once)
    if form is Format.JSON:
        print_json(_document(standing, found, at_once))
    else:
        _print(standing, found, at_once, clock.now(), wide=form is Format.WIDE)


def _print(standing: Standing, found: _Found, at_once: int, now: datetime, *, wide: bool) -> None:
    users: Sequence[Column[Rollout[Node, Application]]] = (
        Column("DEPLOYMENT", lambda one, _: f"{one.consumer.namespace}/{one.consumer.name}"),
        Column("IMAGE", lambda one, _: standing.label(one.node)),
        Column("ROLLS OUT", lambda one, _: _when(one)),
    )
    behind: Sequence[Column[LeftBehind[Node]]] = (
        Column("LEFT BEHIND", lambda one, _: one.node.id),
        Column("WHY", lambda one, _: _why(standing, one)),
    )
    _table(_BUILDS, found.builds, now, wide=wide)
    _table(users, found.rollouts, now, wide=wide)
    _table(behind, found.left_behind, now, wide=wide)
    sys.stdout.write(printable(_summary(standing, found, at_once)) + "\n")


def _table(columns: Sequence[Column[Any]], rows: Sequence[Any], now: datetime, *, wide: bool) -> None:
    if rows:
        print_table(*cells(columns, rows, now, wide=wide))
        sys.stdout.write("\n")


def _summary(standing: Standing, found: _Found, at_once: int) -> str:
    label, builds = standing.label(found.start), len(found.builds)
    if not builds:
        return f"When {label} moves, nothing is built."
    rollouts = sum(_rolls_out(one) for one in found.rollouts)
    return (
        f"When {label} moves, {_count(builds, 'image')} {'is' if builds == 1 else 'are'} built in"
        f" {took(found.seconds)}, at most {at_once} at a time, and {_count(rollouts, 'Deployment')}"
        f" {'rolls' if rollouts == 1 else 'roll'} out."
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _rolls_out(one: Rollout[Node, Application]) -> bool:
    return one.at is not None and one.consumer.held is None


def _when(one: Rollout[Node, Application]) -> str:
    if one.at is None:
        return "no: its image is left behind"
    return f"no: {one.consumer.held}" if one.consumer.held else f"after {took(one.at)}"


def _why(standing: Standing, one: LeftBehind[Node]) -> str:
    if one.reason is not None:
        return one.reason
    return f"it waits for {', '.join(standing.label(node) for node in one.waits_for)}"


def _document(standing: Standing, found: _Found, at_once: int) -> dict[str, Any]:
    return {
        "image": standing.label(found.start),
        "concurrency": at_once,
        "seconds": found.seconds,
        "builds": [
            {
                "image": build.node.id,
                "wave": build.wave,
                "startSeconds": build.start,
                "endSeconds": build.end,
                "guessed": build.guessed,
            }
            for build in found.builds
        ],
        "deployments": [
            {
                "namespace": one.consumer.namespace,
                "name": one.consumer.name,
                "image": standing.label(one.node),
                "rollsOut": _rolls_out(one),
                **({"seconds": one.at} if one.at is not None else {}),
                **({"held": one.consumer.held} if one.consumer.held else {}),
            }
            for one in found.rollouts
        ],
        "leftBehind": [
            {
                "image": one.node.id,
                "why": _why(standing, one),
                "waitsFor": [standing.label(node) for node in one.waits_for],
            }
            for one in found.left_behind
        ],
    }
