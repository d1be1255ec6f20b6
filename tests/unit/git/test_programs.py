from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from slipway.git.errors import ProgramMissing
from slipway.git.process import Caps
from slipway.git.programs import find_git, find_ssh, parse_version


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory in which programs are looked for."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def _install(directory: Path, version: str) -> None:
    program = directory / "git"
    program.write_text(f"#!/bin/sh\necho '{version}'\n")
    program.chmod(0o755)


async def _find() -> tuple[str, str]:
    return await find_git(Caps(asyncio.get_running_loop().time() + 20, 1000, 1 << 30))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("git version 2.39.5", (2, 39)),
        ("git version 2.50.1 (Apple Git-155)", (2, 50)),
        ("git version 3.0.0.windows.1", (3, 0)),
        ("hg 6", None),
        ("", None),
    ],
)
def test_versions_are_read_as_git_prints_them(text: str, version: tuple[int, int] | None) -> None:
    """Builds of others append words of their own."""
    assert parse_version(text) == version


async def test_a_git_that_is_new_enough_is_used(programs: Path) -> None:
    """And names itself to hosts by its version."""
    _install(programs, "git version 2.37.0")

    assert await _find() == (str(programs / "git"), "git/2.37")


@pytest.mark.parametrize("version", ["git version 2.36.6", "git version 1.99.9", "busybox"])
async def test_a_git_that_cannot_pin_addresses_is_refused(version: str, programs: Path) -> None:
    """It would resolve the name again by itself, to whatever it means then."""
    _install(programs, version)

    with pytest.raises(ProgramMissing, match=r"needs git 2\.37 or newer"):
        await _find()


async def test_a_missing_program_is_named(programs: Path) -> None:
    """With what the image of the operator needs."""
    with pytest.raises(ProgramMissing, match=r"no git .* needs git 2\.37"):
        await _find()
    with pytest.raises(ProgramMissing, match=r"no ssh .* OpenSSH"):
        find_ssh()
