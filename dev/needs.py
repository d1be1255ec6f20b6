"""What the test bed needs from the machine; run as a script it says what is missing.

Standard library only, and no syntax newer than Python 3.7, so that it can say so on an old Python.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Sequence

__all__ = ["MissingNeeds", "check", "missing"]


class MissingNeeds(RuntimeError):  # noqa: N818 - the name is the sentence
    """The machine lacks something; the message has one line per thing, with its Debian package."""


def missing(
    platform: str,
    version: Sequence[int | str],
    has_command: Callable[[str], object],
    has_module: Callable[[str], object],
) -> list[str]:
    """One sentence per thing that is missing; empty when all is there."""
    found_version = tuple(int(part) for part in version[:2])
    old_python = (
        "Python 3.11 or newer is needed, this is {}.{}: install the Debian package python3, "
        "or name another one, as in: make setup PYTHON=python3.12"
    )
    facts = [
        (platform.startswith("linux"), f"Linux is needed, this is {platform}"),
        (
            found_version >= (3, 11),
            old_python.format(*found_version),
        ),
        (has_command("git"), "the command git is needed: install the Debian package git"),
        (has_command("make"), "the command make is needed: install the Debian package make"),
        (
            has_module("venv") and has_module("ensurepip"),
            "Python's modules venv and ensurepip are needed: install the Debian package python3-venv",
        ),
    ]
    return [sentence for is_there, sentence in facts if not is_there]


def check() -> None:
    """Look at this machine.

    Raises:
        MissingNeeds: something is missing.
    """
    found = missing(sys.platform, sys.version_info, shutil.which, importlib.util.find_spec)
    if found:
        raise MissingNeeds("\n".join(found))


if __name__ == "__main__":
    try:
        check()
    except MissingNeeds as error:
        sys.exit(str(error))
