"""The commands about images that are built. What they do is imported when one runs: hence the `PLC0415`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from slipway.build.graph.drawing.factory import DrawingFormat
from slipway.cli.answering import answer
from slipway.cli.forms import Format
from slipway.cli.options import Context, Kubeconfig, Namespace, OutputAs
from slipway.clock import SystemClock

if TYPE_CHECKING:
    from slipway.cli.building.reading import ConnectCluster
    from slipway.cli.building.waiting import Waiting

__all__ = ["building"]

_USUAL_BUILDS: Final = 10
"""As `slipway.settings.Settings.builds`."""

_MOST_BUILDS: Final = 1000

building: Final = typer.Typer()

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
def _graph(
    context: typer.Context,
    *,
    name: Annotated[
        str | None,
        typer.Argument(help="A ManagedImage or an image: only what it stands on, and what stands on it."),
    ] = None,
    form: Annotated[
        DrawingFormat, typer.Option("--format", "-f", help="How it is drawn.")
    ] = DrawingFormat.TREE,
    everywhere: Everywhere = False,
    namespace: Namespace = None,
    kubeconfig: Kubeconfig = None,
    kube_context: Context = None,
) -> None:
    """Show which image stands on which."""
    from slipway.cli.building.graph import show_graph  # noqa: PLC0415

    answer(
        _connect(context),
        (kubeconfig, kube_context, namespace),
        lambda cluster: show_graph(cluster, name, form, everywhere=everywhere),
    )


@building.command("impact")
def _impact(
    context: typer.Context,
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
    namespace: Namespace = None,
    kubeconfig: Kubeconfig = None,
    kube_context: Context = None,
) -> None:
    """Tell what is built and rolled out when an image moves, and how long that takes."""
    from slipway.cli.building.impact import show_impact  # noqa: PLC0415

    answer(
        _connect(context),
        (kubeconfig, kube_context, namespace),
        lambda cluster: show_impact(cluster, image, output, builds, SystemClock(), everywhere=everywhere),
    )


@building.command("builds")
def _builds(
    context: typer.Context,
    *,
    name: Name,
    output: OutputAs = Format.TABLE,
    namespace: Namespace = None,
    kubeconfig: Kubeconfig = None,
    kube_context: Context = None,
) -> None:
    """List the builds of an image, the newest first."""
    from slipway.cli.building.builds import show_builds  # noqa: PLC0415

    answer(
        _connect(context),
        (kubeconfig, kube_context, namespace),
        lambda cluster: show_builds(cluster, name, output, SystemClock()),
    )


@building.command("logs")
def _logs(
    context: typer.Context,
    *,
    name: Name,
    build: Number = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Print what comes, until the build has ended.")
    ] = False,
    namespace: Namespace = None,
    kubeconfig: Kubeconfig = None,
    kube_context: Context = None,
) -> None:
    """Print the log of a build; where it runs elsewhere, the address of its log."""
    from slipway.cli.building.logs import show_logs  # noqa: PLC0415

    answer(
        _connect(context),
        (kubeconfig, kube_context, namespace),
        lambda cluster: show_logs(cluster, name, build, follow=follow),
    )


@building.command("rebuild")
def _rebuild(
    context: typer.Context,
    *,
    name: Name,
    reason: Annotated[str, typer.Option("--reason", help="Why, for those who look later.")] = "",
    wait: Wait = False,
    namespace: Namespace = None,
    kubeconfig: Kubeconfig = None,
    kube_context: Context = None,
) -> None:
    """Ask for a build, also under policy Manual, and of what failed before."""
    from slipway.cli.building.requests import ask_for_rebuild  # noqa: PLC0415

    answer(
        _connect(context),
        (kubeconfig, kube_context, namespace),
        lambda cluster: ask_for_rebuild(cluster, name, reason, SystemClock(), _waiting(wait)),
    )


@building.command("cancel")
def _cancel(
    context: typer.Context,
    *,
    name: Name,
    build: Annotated[
        int | None,
        typer.Option("--build", min=1, help="The number of the build. Default: the one under way."),
    ] = None,
    wait: Wait = False,
    namespace: Namespace = None,
    kubeconfig: Kubeconfig = None,
    kube_context: Context = None,
) -> None:
    """Ask for the end of the build that is under way."""
    from slipway.cli.building.requests import ask_for_cancel  # noqa: PLC0415

    answer(
        _connect(context),
        (kubeconfig, kube_context, namespace),
        lambda cluster: ask_for_cancel(cluster, name, build, SystemClock(), _waiting(wait)),
    )


def _waiting(wanted: bool) -> Waiting | None:
    from slipway.cli.building.waiting import Waiting  # noqa: PLC0415

    return Waiting() if wanted else None


def _connect(context: typer.Context) -> ConnectCluster:
    """What the caller of `app` gave as `obj`, else a real cluster."""
    if context.obj is not None:
        given: ConnectCluster = context.obj
        return given
    from slipway.cli.building.cluster import connect  # noqa: PLC0415

    return connect
