"""The programs git and ssh where the operator runs, and what they must be."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

from slipway.git.errors import ProgramMissing
from slipway.git.process import Caps, run

__all__ = ["OLDEST", "find_git", "find_ssh", "parse_version"]

OLDEST: Final = (2, 37)
"""The first git with `http.curloptResolve`, by which a host is pinned to the address that was checked."""

_VERSION: Final = re.compile(r"git version (\d+)\.(\d+)")


async def find_git(caps: Caps) -> tuple[str, str]:
    """Absolute path of git, and its version as it names itself to hosts (`git/2.39`).

    Args:
        caps: What asking for the version may use.

    Raises:
        ProgramMissing: when there is none, or one that is too old.
    """
    program = _require("git", f"git {OLDEST[0]}.{OLDEST[1]} or newer")
    with tempfile.TemporaryDirectory(prefix="slipway-git-") as directory:
        finished = await run((program, "version"), {"LC_ALL": "C"}, Path(directory), caps)
    text = finished.output.decode(errors="replace").strip()
    version = parse_version(text)
    if version is None or version < OLDEST:
        msg = (
            f"{program} is {text[:64] or 'no git'}: the operator's image needs git {OLDEST[0]}.{OLDEST[1]}"
            " or newer, which can be told the address of a host"
        )
        raise ProgramMissing(msg)
    return program, f"git/{version[0]}.{version[1]}"


def find_ssh() -> str:
    """Absolute path of OpenSSH's client.

    Raises:
        ProgramMissing: when there is none.
    """
    return _require("ssh", "OpenSSH's client for ssh urls (or use an https url)")


def parse_version(text: str) -> tuple[int, int] | None:
    """Major and minor version in what `git version` says; None when it is something else."""
    found = _VERSION.match(text)
    return None if found is None else (int(found[1]), int(found[2]))


def _require(name: str, need: str) -> str:
    program = shutil.which(name)
    if program is None:
        msg = f"there is no {name} where the operator runs: its image needs {need}"
        raise ProgramMissing(msg)
    return os.path.realpath(program)
