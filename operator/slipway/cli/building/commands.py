"""The commands about images that are built. What they do is imported when one runs: hence the `PLC0415`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from slipway.build.graph.drawing.factory import DrawingFormat
from slipway.cli.asking import asking
from slipway.cli.forms import Format
from slipway.cli.options import OutputAs
from slipway.clock import SystemClock

if TYPE_CHECKING:
    from slipway.cli.building.reading import Cluster, ConnectCluster
    from slipway.cli.building.waiting import Waiting

__all__ = ["building"]

_USUAL_BUILDS: Final = 10
"""As `slipway.settings.Settings.builds`."""

_MOST_BUILDS: Final = 1000

building: Final = typer.Typer()


def _connect() -> ConnectCluster:
    from slipway.cli.building.cluster import connect  # noqa: PLC0415

    return connect


_asking: Final = asking(_connect)

Name: TypeAlias = Annotated[str, typer.Argument(help="The name of a ManagedImage.", show_default=False)]
Number: TypeAlias = Annotated[
    int | None, typer.Option("--build", min=1, help="The number of the build. Default: the newest.")
]
Everywhere: TypeAlias = Annotated[
    bool, typer.Option("--all-namespaces", "-A", help="Look at the images of all namespaces.")
]
Wait: TypeAlias = Annotated[
    bool, typer.Option("--wait", help="Wait for the end of the build; the exit code tells of it.")
]


@building.command("graph")
@_asking
async def _graph(
    cluster: Cluster,
    *,
    name: Annotated[
        str | None,
        typer.Argument(help="A ManagedImage or an image: only what it stands on, and what stands on it."),
    ] = None,
    form: Annotated[
        DrawingFormat, typer.Option("--output", "-o", "--format", "-f", help="How it is drawn.")
    ] = DrawingFormat.TREE,
    everywhere: Everywhere = False,
) -> None:
    """Show which image stands on which."""
    from slipway.cli.building.graph import show_graph  # noqa: PLC0415

    await show_graph(cluster, name, form, everywhere=everywhere)


@building.command("impact")
@_asking
async def _impact(
    cluster: Cluster,
    *,
    image: Annotated[
        str,
        typer.Argument(
            help="An image, such as python:3.12-slim, or the name of a ManagedImage.", show_default=False
        ),
    ],
    builds: Annotated[
        int,
        typer.Option(
            "--builds",
            min=1,
            max=_MOST_BUILDS,
            help="Builds at the same time: what SLIPWAY_BUILDS of the operator is.",
        ),
    ] = _USUAL_BUILDS,
    output: OutputAs = Format.TABLE,
    everywhere: Everywhere = False,
) -> None:
    """Tell what is built and rolled out when an image moves, and how long that takes."""
    from slipway.cli.building.impact import show_impact  # noqa: PLC0415

    await show_impact(cluster, image, output, builds, SystemClock(), everywhere=everywhere)


@building.command("builds")
@_asking
async def _builds(
    cluster: Cluster,
    *,
    name: Name,
    output: OutputAs = Format.TABLE,
) -> None:
    """List the builds of an image, the newest first."""
    from slipway.cli.building.builds import show_builds  # noqa: PLC0415

    await show_builds(cluster, name, output, SystemClock())


@building.command("logs")
@_asking
async def _logs(
    cluster: Cluster,
    *,
    name: Name,
    build: Number = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Print what comes, until the build has ended.")
    ] = False,
) -> None:
    """Print the log of a build; where it runs elsewhere, the address of its log."""
    from slipway.cli.building.logs import show_logs  # noqa: PLC0415

    await show_logs(cluster, name, build, follow=follow)


@building.command("rebuild")
@_asking
async def _rebuild(
    cluster: Cluster,
    *,
    name: Name,
    reason: Annotated[str, typer.Option("--reason", help="Why, for those who look later.")] = "",
    wait: Wait = False,
) -> None:
    """Ask for a build, also under policy Manual, and of what failed before."""
    from slipway.cli.building.requests import ask_for_rebuild  # noqa: PLC0415

    await ask_for_rebuild(cluster, name, reason, SystemClock(), _waiting(wait))


@building.command("cancel")
@_asking
async def _cancel(
    cluster: Cluster,
    *,
    name: Name,
    build: Annotated[
        int | None,
        typer.Option("--build", min=1, help="The number of the build. Default: the one under way."),
    ] = None,
    wait: Wait = False,
) -> None:
    """Ask for the end of the build that is under way."""
    from slipway.cli.building.requests import ask_for_cancel  # noqa: PLC0415

    await ask_for_cancel(cluster, name, build, SystemClock(), _waiting(wait))


def _waiting(wanted: bool) -> Waiting | None:
    from slipway.cli.building.waiting import Waiting  # noqa: PLC0415

    return Waiting() if wanted else None
