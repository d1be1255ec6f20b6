"""Makes commands of questions: functions that are given what is read of a cluster, and their own options."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Concatenate, TypeVar, get_type_hints

import typer

from slipway.cli.answering import answer
from slipway.cli.options import Context, Kubeconfig, Namespace

if TYPE_CHECKING:
    from slipway.cli.reading import Where

__all__ = ["asking"]

Opened = TypeVar("Opened")


def asking(
    connect: Callable[[], Callable[[Where], AbstractAsyncContextManager[Opened]]],
) -> Callable[[Callable[Concatenate[Opened, ...], Awaitable[None]]], Callable[..., None]]:
    """Have commands ask one kind of reader.

    A command has the options of its question, and those that say which cluster is meant. What the caller of
    the application gave as `obj` is asked in place of a real cluster.

    Args:
        connect: imports and gives what opens a real cluster.
    """

    def command_of(question: Callable[Concatenate[Opened, ...], Awaitable[None]]) -> Callable[..., None]:
        def command(
            context: typer.Context,
            *,
            namespace: Namespace = None,
            kubeconfig: Kubeconfig = None,
            kube_context: Context = None,
            **options: Any,
        ) -> None:
            opens = connect() if context.obj is None else context.obj
            where = (kubeconfig, kube_context, namespace)
            answer(opens, where, lambda opened: question(opened, **options))

        place = inspect.signature(command, eval_str=True).parameters
        context, *cluster, _ = place.values()
        vars(command)["__signature__"] = inspect.Signature([context, *_options_of(question), *cluster])
        command.__doc__ = question.__doc__
        return command

    return command_of


def _options_of(question: Callable[..., object]) -> Iterator[inspect.Parameter]:
    """All parameters but the first, with their types."""
    reader, *options = inspect.signature(question).parameters.values()
    # The type of the reader is imported for type checkers alone: see the package.
    types = get_type_hints(question, localns={str(reader.annotation): object}, include_extras=True)
    for option in options:
        yield option.replace(annotation=types[option.name])
