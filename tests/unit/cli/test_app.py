from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from slipway.cli import app as module
from slipway.cli.app import app, main
from slipway.cli.reading import Where
from tests.support.command_line import Shelves, slipway

ROOT = Path(__file__).parents[3]
COMMANDS = ("run", "images", "tags", "why", "graph", "impact", "builds", "logs", "rebuild", "cancel")


def modules_after(statement: str) -> set[str]:
    """What a fresh process has imported after a statement."""
    program = f"import sys, json\n{statement}\nprint(json.dumps(list(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, timeout=60)
    return set(json.loads(ended.stdout))


def test_alone_it_prints_help() -> None:
    ended = slipway(Shelves())

    assert ended.code == 0
    assert all(command in ended.output for command in COMMANDS)


def test_the_version_is_told() -> None:
    assert slipway(Shelves(), "--version").output == version("slipway") + "\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str) -> None:
    assert "Usage: " in slipway(Shelves(), command, "--help").output


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("images", "--limit", "0"), id="a page has at least one row"),
        pytest.param(("images", "--page", "0"), id="pages are counted from 1"),
        pytest.param(("images", "--sort", "size"), id="there are two orders"),
        pytest.param(("images", "-o", "yaml"), id="there are three forms"),
        pytest.param(("tags",), id="a repository must be named"),
        pytest.param(("why", "warehouse/api"), id="a tag must be named"),
        pytest.param(("graph", "--format", "svg"), id="a graph has four formats"),
        pytest.param(("impact", "python:3.12", "--builds", "0"), id="at least one build runs at a time"),
        pytest.param(("logs", "api", "--build", "0"), id="builds are counted from 1"),
        pytest.param(("imges",), id="a command must exist"),
    ],
)
def test_wrong_arguments_end_with_2(arguments: Sequence[str]) -> None:
    assert slipway(Shelves(), *arguments).code == 2


def test_the_cluster_that_is_meant_is_the_one_that_is_read() -> None:
    cluster = Shelves()

    slipway(cluster, "images", "--kubeconfig", "/k", "--context", "prod", "-n", "web")

    assert cluster.where == Where(Path("/k"), "prod", "web")


def test_the_operator_runs_in_place_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it gets the signals, and its memory is not taken by what it never needs."""
    ran: list[Any] = []
    monkeypatch.setattr(os, "execv", lambda *command: ran.append(command))

    slipway(Shelves(), "run")

    assert ran == [(sys.executable, [sys.executable, "-P", "-m", "slipway"])]


def test_help_needs_no_registry_client() -> None:
    """A person who mistypes does not want to wait."""
    assert not {"httpx", "aiohttp", "slipway.kinds"} & modules_after("import slipway.cli.app")


@pytest.mark.parametrize("script", ["slipway", "kubectl-slipway"])
def test_both_scripts_exist(script: str) -> None:
    """By its name kubectl finds a plugin."""
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    name, _, function = scripts[script].partition(":")

    assert getattr(import_module(name), function) is main


@pytest.mark.parametrize(
    ("program", "usage"),
    [("/usr/bin/slipway", "Usage: slipway "), ("/usr/bin/kubectl-slipway", "Usage: kubectl slipway ")],
)
def test_it_calls_itself_as_it_was_called(
    program: str, usage: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", [program, "--help"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(usage)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (KeyboardInterrupt(), 130, ""),
        (RuntimeError("at https://me:hunter2@r.example.com"), 1, "at https://***@r.example.com"),
    ],
)
def test_no_error_is_a_traceback(
    error: BaseException,
    code: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(module, "app", fail)

    assert main() == code
    assert capsys.readouterr().err == (f"Error: Unexpected RuntimeError: {message}\n" if message else "")


def test_an_interruption_of_a_command_ends_with_130() -> None:
    @asynccontextmanager
    async def interrupted(_: Where) -> Any:
        raise KeyboardInterrupt
        yield

    assert CliRunner().invoke(app, ["images"], obj=interrupted).exit_code == 130
