from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.builders.contract import Failed
from slipway.build.builders.job.ending import progress_of

JOB = {"status": {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}}


def ended(message: str, **more: Any) -> Failed:
    state = {"terminated": {"exitCode": 1, "message": message, **more}}
    progress = progress_of(JOB, [{"status": {"containerStatuses": [{"name": "build", "state": state}]}}])
    assert isinstance(progress, Failed)
    return progress


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("STEP 1/2: FROM a\n\n  Error:  exit  status 3\n", "STEP 1/2: FROM a Error: exit status 3"),
        (f"{'x' * 199}\nError: exit status 3", "Error: exit status 3"),
        (f"{'x' * 300}exit status 3", f"…{'x' * 186}exit status 3"),
    ],
    ids=["all lines when there is room", "whole lines from the end", "the end of a line that is too long"],
)
def test_a_failure_is_told_with_its_last_lines(said: str, told: str) -> None:
    """The first ones say what went well."""
    assert ended(said).message == f"Container build: {told}"


@given(st.text())
def test_whatever_a_builder_says_fits_into_a_status(said: str) -> None:
    """What stands there is cut at its end, where it matters."""
    assert len(ended(said).message) <= 256


def test_what_to_do_about_memory_is_said_first() -> None:
    """The last lines of a builder that was killed say little."""
    failure = ended("x" * 400, reason="OOMKilled", exitCode=137)
    assert failure.reason == "OutOfMemory"
    assert "raise build.job.resources.limits.memory" in failure.message[:256]
    assert not failure.is_infrastructure
