"""What is asked of the machine."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dev.cache import PROJECT
from dev.needs import check, missing


def _yes(_: str) -> bool:
    return True


def test_a_machine_with_everything_lacks_nothing() -> None:
    """Also when asked for real, here."""
    assert missing("linux", (3, 11, 0), _yes, _yes) == []
    check()


@pytest.mark.parametrize(
    ("platform", "version", "lacking", "sentence"),
    [
        ("darwin", (3, 12), "", "Linux is needed, this is darwin"),
        (
            "linux",
            (3, 9),
            "",
            "Python 3.11 or newer is needed, this is 3.9: install the Debian package python3",
        ),
        ("linux", (3, 11), "git", "the command git is needed: install the Debian package git"),
        ("linux", (3, 11), "make", "the command make is needed: install the Debian package make"),
        ("linux", (3, 11), "venv", "install the Debian package python3-venv"),
        ("linux", (3, 11), "ensurepip", "install the Debian package python3-venv"),
    ],
)
def test_what_is_missing_is_named_with_its_package(
    platform: str, version: tuple[int, int], lacking: str, sentence: str
) -> None:
    """One sentence for each, that says what to install."""
    (found,) = missing(platform, version, lacking.__ne__, lacking.__ne__)

    assert sentence in found


def test_the_script_runs_without_any_package() -> None:
    """It runs before there is a virtual environment."""
    script = PROJECT / "dev" / "needs.py"
    subprocess.run([sys.executable, "-I", "-S", script], check=True)
