"""Runs what a command asks of a cluster, and ends the command where it cannot be told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from slipway.cli.errors import Refused
from slipway.cli.plain import one_line

if TYPE_CHECKING:
    from slipway.cli.reading import Where

__all__ = ["answer", "end"]

Opened = TypeVar("Opened")


def answer(
    connect: Callable[[Where], AbstractAsyncContextManager[Opened]],
    where: tuple[Path | None, str | None, str | None],
    show: Callable[[Opened], Awaitable[None]],
) -> None:
    """Connect, and show; what cannot be told ends the command with one line and exit code 1.

    Args:
        connect: opens what is read.
        where: kubeconfig, context and namespace that a person means.
        show: reads it, and prints.
    """
    from slipway.cli.reading import Where  # noqa: PLC0415 - see the package

    async def shown() -> None:
        async with connect(Where(*where)) as opened:
            await show(opened)

    try:
        asyncio.run(shown())
    except Refused as refusal:
        raise typer.Exit(end(str(refusal))) from refusal


def end(message: str) -> int:
    """Print why a command ends; its exit code."""
    typer.echo(one_line(f"Error: {message}"), err=True)
    return 1
