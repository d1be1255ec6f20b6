"""Runs the entry scripts of `images/` here, with programs that write down what they are asked for."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dev.cache import PROJECT

__all__ = ["Ended", "ScriptHost"]

IMAGES = PROJECT / "images"

_RECORDER = """\
#!/bin/sh
cd "${0%/*}"
printf '%s\\0' "$@" >> asked
printf '\\n\\0' >> asked
env -0 > seen
verb=$1
while [ $# -gt 1 ]; do
    if [ -f "writes$1" ]; then cat "writes$1" > "$2"; fi
    shift
done
if [ -f "says-$verb" ]; then cat "says-$verb"; fi
if [ -f "ends-$verb" ]; then exit "$(cat "ends-$verb")"; fi
"""
_END_OF_CALL = "\n"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a script ended."""

    code: int
    message: str
    """What Kubernetes gets as termination message."""
    output: str


@dataclass(frozen=True, slots=True)
class ScriptHost:
    """A directory with programs of ours in front of PATH."""

    directory: Path

    def program(
        self,
        name: str,
        answers: Mapping[str, tuple[str, int]] | None = None,
        files: Mapping[str, str] | None = None,
    ) -> None:
        """Put a program there.

        Args:
            name: What it is called.
            answers: What it prints and ends with, by its first argument; else nothing and 0.
            files: What it writes into the file that follows an option.
        """
        for verb, (said, code) in (answers or {}).items():
            (self.directory / f"says-{verb}").write_text(f"{said}\n")
            (self.directory / f"ends-{verb}").write_text(str(code))
        for option, content in (files or {}).items():
            (self.directory / f"writes{option}").write_text(content)
        path = self.directory / name
        path.write_text(_RECORDER)
        path.chmod(0o755)

    @property
    def asked(self) -> list[list[str]]:
        """The arguments of every call of the program."""
        calls: list[list[str]] = [[]]
        for word in (self.directory / "asked").read_text().split("\0")[:-1]:
            if word == _END_OF_CALL:
                calls.append([])
            else:
                calls[-1].append(word)
        return calls[:-1]

    @property
    def seen(self) -> dict[str, str]:
        """The environment of the last call."""
        lines = (self.directory / "seen").read_text().split("\0")[:-1]
        return dict(line.split("=", 1) for line in lines)

    def run(
        self, script: str, arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> Ended:
        """Run a script of `images/` to its end."""
        termination = self.directory / "termination-log"
        termination.write_text("")
        scratch = self.directory / "scratch"
        scratch.mkdir(exist_ok=True)
        finished = subprocess.run(
            ["sh", str(IMAGES / script), *arguments],
            env={
                "PATH": f"{self.directory}:{(IMAGES / script).parent}:{os.environ['PATH']}",
                "SLIPWAY_LIBRARY": str(IMAGES / "common"),
                "TERMINATION_LOG": str(termination),
                "TMPDIR": str(scratch),
                **(environment or {}),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=30,
        )
        return Ended(finished.returncode, termination.read_text(), finished.stdout)
