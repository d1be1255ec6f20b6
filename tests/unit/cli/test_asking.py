"""Commands made of questions."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from slipway.cli.asking import asking
from slipway.cli.errors import Refused
from slipway.cli.reading import Where

if TYPE_CHECKING:
    from nowhere import Shelf  # type: ignore[import-not-found]  # is never imported, as in the modules of commands


@asynccontextmanager
async def told(where: Where) -> AsyncIterator[str]:
    """Has nothing to read but the place that was meant."""
    yield f"{where.kubeconfig} {where.context} {where.namespace}"


async def _tell(
    shelf: Shelf, *, word: str, times: Annotated[int, typer.Option("--times", max=3, help="How often.")] = 1
) -> None:
    """Tell a word, and where it was asked."""
    if word == "no":
        msg = "there is no such word"
        raise Refused(msg)
    sys.stdout.write(" ".join([word] * times) + f" at {shelf}\n")


@pytest.fixture
def application() -> typer.Typer:
    """With one command."""
    made = typer.Typer()
    made.command("tell")(asking(lambda: told)(_tell))
    return made


ASKED = {
    "what is left out has its default": (["a"], "a at None None None"),
    "options of the question": (["a", "--times", "2"], "a a at None None None"),
    "options that say which cluster": (
        ["a", "--kubeconfig", "k", "--context", "c", "-n", "shop"],
        "a at k c shop",
    ),
}


@pytest.mark.parametrize(("arguments", "answer"), ASKED.values(), ids=ASKED)
def test_question_is_given_the_reader_and_its_options(
    application: typer.Typer, arguments: Sequence[str], answer: str
) -> None:
    """The reader is opened where the options say."""
    ended = CliRunner().invoke(application, [*arguments])
    assert (ended.exit_code, ended.output) == (0, f"{answer}\n")


def test_caller_of_the_application_says_who_is_asked(application: typer.Typer) -> None:
    """In place of a real cluster."""

    @asynccontextmanager
    async def other(_: Where) -> AsyncIterator[str]:
        yield "another place"

    assert CliRunner().invoke(application, ["a"], obj=other).output == "a at another place\n"


def test_refusal_is_one_line_and_exit_code_1(application: typer.Typer) -> None:
    """It is told on standard error."""
    ended = CliRunner().invoke(application, ["no"])
    assert (ended.exit_code, ended.stdout, ended.stderr) == (1, "", "Error: there is no such word\n")


def test_values_outside_of_an_option_are_wrong_arguments(application: typer.Typer) -> None:
    """What the question's own annotations demand holds."""
    assert CliRunner().invoke(application, ["a", "--times", "4"]).exit_code == 2


def test_help_has_the_words_of_the_question_and_its_options_first(application: typer.Typer) -> None:
    """Those that every command has come last."""
    command = get_command(application)
    assert command.help == "Tell a word, and where it was asked."
    assert [part.name for part in command.params][:5] == [
        "word",
        "times",
        "namespace",
        "kubeconfig",
        "kube_context",
    ]
