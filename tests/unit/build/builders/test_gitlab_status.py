from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.builders.contract import Cancelled, Failed, Pending, Progress, Running, Succeeded, Unknown
from slipway.build.builders.errors import AnswerInvalid
from slipway.build.builders.gitlab_status import is_over, progress_of

LINK = "https://gitlab.example.com/shop/api/-/pipelines/7"


@pytest.mark.parametrize(
    ("status", "want"),
    [
        *((status, Pending(LINK)) for status in ("created", "waiting_for_resource", "preparing", "pending")),
        *((status, Pending(LINK)) for status in ("scheduled", "manual")),
        *((status, Running(LINK)) for status in ("running", "canceling", "a status of next year")),
        ("success", Succeeded(None, LINK)),
        ("canceled", Cancelled(LINK)),
    ],
)
def test_a_status_has_its_meaning(status: str, want: Progress) -> None:
    """All that GitLab documents, and what it may add."""
    assert progress_of({"status": status, "web_url": LINK}) == want


@pytest.mark.parametrize(
    ("causes", "reason", "is_infrastructure"),
    [
        (["script_failure"], "BuildFailed", False),
        (["runner_system_failure"], "RunnerFailed", True),
        (["stuck_or_timeout_failure", "no_matching_runner"], "RunnerFailed", True),
        (["runner_system_failure", "script_failure"], "BuildFailed", False),
        (["job_execution_timeout"], "BuildTimedOut", False),
        (["a cause of next year"], "BuildFailed", False),
        ([None], "BuildFailed", False),
        ([], "BuildFailed", False),
    ],
)
def test_what_failed_tells_whose_fault_it_is(
    causes: list[str | None], reason: str, *, is_infrastructure: bool
) -> None:
    """It is the runner's only if every job that failed is lost by a runner."""
    progress = progress_of({"status": "failed"}, [{"failure_reason": cause} for cause in causes])

    assert isinstance(progress, Failed)
    assert (progress.reason, progress.is_infrastructure) == (reason, is_infrastructure)


def test_a_job_that_may_fail_is_no_cause() -> None:
    """The pipeline went on after it."""
    allowed = {"failure_reason": "script_failure", "allow_failure": True}
    progress = progress_of({"status": "failed"}, [allowed, {"failure_reason": "runner_system_failure"}])

    assert isinstance(progress, Failed)
    assert progress.is_infrastructure


def test_errors_of_the_file_are_told() -> None:
    """There are no jobs that could tell."""
    progress = progress_of({"status": "failed", "yaml_errors": "jobs config should contain a job"})

    assert isinstance(progress, Failed)
    assert "jobs config should contain" in progress.message


def test_a_skipped_pipeline_built_nothing() -> None:
    """Its rules let no job run."""
    progress = progress_of({"status": "skipped"})

    assert isinstance(progress, Failed)
    assert "rules" in progress.message


def test_a_pipeline_without_a_status_is_none() -> None:
    """Nothing follows from it."""
    with pytest.raises(AnswerInvalid, match="status"):
        progress_of({"id": 7})


@given(st.text(min_size=1), st.lists(st.fixed_dictionaries({"failure_reason": st.none() | st.text()})))
def test_every_status_has_a_meaning(status: str, jobs: list[dict[str, object]]) -> None:
    """And is over or not."""
    progress = progress_of({"status": status}, jobs)

    assert is_over(progress) == (not isinstance(progress, (Pending, Running, Unknown)))
