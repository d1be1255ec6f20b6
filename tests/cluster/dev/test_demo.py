"""The demo as a newcomer runs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dev.cache import PROJECT


@pytest.mark.test_bed
def test_demo_tells_the_whole_story_and_succeeds() -> None:
    """`python -m dev.demo` ends with 0 and a timeline from the push of a base to the released rollback."""
    answer = subprocess.run(
        [sys.executable, "-m", "dev.demo"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    words = ("pushed", "detected", "rebuilt", "rolled out", "rolled back", "held", "released")
    timeline = answer.stdout.partition("What happened")[2]
    positions = [timeline.index(f" {word} ") for word in words]
    assert positions == sorted(positions)
