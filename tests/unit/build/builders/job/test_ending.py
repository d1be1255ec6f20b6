from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.builders.contract import Failed, Pending, Progress, Running, Succeeded
from slipway.build.builders.job.ending import LONGEST_WITHOUT_POD, progress_of

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
JOB = {"status": {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}}


def ended(message: str, **more: Any) -> Failed:
    state = {"terminated": {"exitCode": 1, "message": message, **more}}
    pods = [{"status": {"containerStatuses": [{"name": "build", "state": state}]}}]
    progress = progress_of(JOB, pods, NOW)
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


# --- a Job without pods


SECOND = timedelta(seconds=1)
RUNS = {"status": {"phase": "Running"}}
WAITS = {"status": {"phase": "Pending"}}


def taken(before: timedelta, spec: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    """A Job that was made so long before."""
    metadata = {"name": "api-1-abc", "creationTimestamp": (NOW - before).strftime("%Y-%m-%dT%H:%M:%SZ")}
    return {"metadata": metadata, "spec": spec or {}, "status": status}


@pytest.mark.parametrize(
    ("job", "pods", "want"),
    [
        pytest.param(taken(SECOND), [], Pending, id="it was just made"),
        pytest.param(taken(LONGEST_WITHOUT_POD - SECOND), [], Pending, id="almost too long ago"),
        pytest.param(taken(LONGEST_WITHOUT_POD), [], Failed, id="too long ago"),
        pytest.param(taken(-LONGEST_WITHOUT_POD), [], Pending, id="by a clock that is ahead of ours"),
        pytest.param(taken(LONGEST_WITHOUT_POD), [WAITS], Pending, id="its pod waits for a node"),
        pytest.param(taken(LONGEST_WITHOUT_POD), [RUNS], Running, id="its pod runs"),
        pytest.param(
            taken(LONGEST_WITHOUT_POD, active=1), [], Pending, id="its pod is made, and not told of yet"
        ),
        pytest.param(taken(LONGEST_WITHOUT_POD, failed=1), [], Pending, id="its pod has failed and is gone"),
        pytest.param(
            taken(LONGEST_WITHOUT_POD, {"suspend": True}), [], Pending, id="somebody else holds it back"
        ),
        pytest.param(
            taken(LONGEST_WITHOUT_POD, conditions=[{"type": "Complete", "status": "True"}]),
            [],
            Succeeded,
            id="it is complete, and its pods are gone",
        ),
    ],
)
def test_job_whose_pods_are_refused_does_not_wait_for_its_time_out(
    job: dict[str, Any], pods: list[dict[str, Any]], want: type[Progress]
) -> None:
    """A quota, Pod Security or a webhook let the Job pass, and its pods they do not."""
    assert isinstance(progress_of(job, pods, NOW), want)


def test_refusal_of_pods_says_nothing_of_the_build_and_where_to_look() -> None:
    """It counts as no failure of the inputs."""
    progress = progress_of(taken(LONGEST_WITHOUT_POD), [], NOW)
    assert isinstance(progress, Failed)
    assert (progress.reason, progress.is_infrastructure) == ("PodsRefused", True)
    assert "`kubectl get events` tells why of Job api-1-abc" in progress.message
    assert len(progress.message) <= 256
