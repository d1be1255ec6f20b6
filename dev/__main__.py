"""`python -m dev`: a real Kubernetes cluster on loopback, by hand."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from dev import launch, needs
from dev.binaries import BinariesMissing, binaries
from dev.cluster import Cluster, ClusterFailed, named_state
from dev.images import MadeImage
from dev.needs import MissingNeeds
from dev.quickstart import QuickstartImages
from dev.state import ClusterOptions, ClusterRecord
from slipway.oci import RegistryError
from slipway.oci.errors import NotFound

__all__ = ["application"]

application = typer.Typer(
    help="A real Kubernetes control plane, fake nodes and a registry, as plain processes on loopback.",
    no_args_is_help=True,
    add_completion=False,
)
pushes = typer.Typer(
    help="Push an image of examples/quickstart to a cluster's registry and print its reference with digest.",
    no_args_is_help=True,
)
application.add_typer(pushes, name="push")
_console = Console(stderr=True, highlight=False)


def _checked(name: str) -> str:
    # It becomes the name of a folder.
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", name):
        msg = "use small letters, digits and hyphens"
        raise typer.BadParameter(msg)
    return name


Name = Annotated[
    str,
    typer.Option(help="Several clusters can run side by side under different names.", callback=_checked),
]


@application.command()
def up(name: Name = "default") -> None:
    """Bring a cluster up and return; it runs until `down`."""
    state = named_state(name)
    with _told_errors():
        needs.check()
        # Before the spinner: a build shows a progress of its own.
        binaries()
        with _console.status("starting") as status:
            running = Cluster.up(state, ClusterOptions(), lambda step: status.update(f"{step} is ready"))
    _say(f"[bold green]ready[/]: cluster {name!r} at {running.record.server}")
    _say(f"registry: {running.registry_host} (plain HTTP), logs: {state.root / 'logs'}")
    _say("\n[bold]use it:[/]")
    _say(f"  export KUBECONFIG={shlex.quote(str(running.kubeconfig))}")
    _say(f'  eval "$({_command("env", name)})"   # puts kubectl and helm on PATH, too')
    _say(f"[bold]end it:[/]\n  {_command('down', name)}")


@application.command()
def down(name: Name = "default") -> None:
    """End a cluster and remove everything of it."""
    if launch.down(named_state(name)):
        _say(f"cluster {name!r} is gone")
    else:
        _say(f"there is no cluster {name!r}")


@application.command()
def status(name: Name = "default") -> None:
    """Show a cluster's processes; exit code 1 when it does not run."""
    state = named_state(name)
    if state.failure.exists():
        _say(f"[bold red]cluster {name!r} broke[/]")
        _console.print(state.failure.read_text(), markup=False)
        raise typer.Exit(1)
    record = _record(name)
    table = Table("component", "process", title=f"cluster {name!r} at {record.server}")
    for component, pid in {"supervisor": record.supervisor, **record.processes}.items():
        table.add_row(component, str(pid))
    Console().print(table)


@application.command()
def env(name: Name = "default") -> None:
    """Print shell commands that point kubectl and helm at a cluster: `eval "$(python -m dev env)"`."""
    with _told_errors():
        running = Cluster.attach(named_state(name))
        for variable, value in running.environment().items():
            typer.echo(f"export {variable}={shlex.quote(value)}")


@pushes.command("base")
def push_base(name: Name = "default") -> None:
    """Push a base image with new content as base/runtime:stable: each call moves the base."""
    record = _record(name)
    with _told_errors():
        version = datetime.now(UTC).isoformat()
        _print_pushed(record, _images(record).push_base(version))


@pushes.command("app")
def push_app(name: Name = "default") -> None:
    """Push the application, built on the newest base/runtime:stable, as shop/api:1.4.0."""
    record = _record(name)
    images = _images(record)
    with _told_errors():
        try:
            base = images.newest_base()
        except NotFound as error:
            _say(f"no base image was pushed yet; push one: {_command('push base', name)}")
            raise typer.Exit(1) from error
        _print_pushed(record, images.push_app(base))


def _images(record: ClusterRecord) -> QuickstartImages:
    return QuickstartImages(f"http://{record.registry}")


def _print_pushed(record: ClusterRecord, image: MadeImage) -> None:
    typer.echo(f"{record.registry}/{image.repository}:{image.tag}@{image.digest}")


def _record(name: str) -> ClusterRecord:
    """What is known about a cluster that runs; else it is told in words, exit code 1."""
    state = named_state(name)
    record = state.read_record()
    if state.supervisor() is None or record is None:
        _say(f"cluster {name!r} does not run; bring it up: {_command('up', name)}")
        raise typer.Exit(1)
    return record


def _say(text: str) -> None:
    # Unbroken, so that commands can be copied.
    _console.print(text, soft_wrap=True)


def _command(verb: str, name: str) -> str:
    """A line that runs this program with the same Python from where the person is now."""
    python = Path(sys.executable)
    shown = python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python
    option = [] if name == "default" else ["--name", name]
    return shlex.join([str(shown), "-m", "dev", *verb.split(), *option])


_TOLD = (MissingNeeds, BinariesMissing, ClusterFailed, RegistryError, subprocess.CalledProcessError)


@contextmanager
def _told_errors() -> Iterator[None]:
    """Failures that a person can do something about are told in words; exit code 1."""
    try:
        yield
    except _TOLD as error:
        _console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    application()
