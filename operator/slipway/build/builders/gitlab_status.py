"""How a GitLab pipeline goes, by its status and, when it failed, by why its jobs failed.

The statuses are those of https://docs.gitlab.com/api/pipelines/; why jobs fail (`failure_reason`) is listed
with the retries at https://docs.gitlab.com/ci/yaml/#retrywhen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from slipway.api.conditions import Reason
from slipway.build.builders.contract import (
    Cancelled,
    Failed,
    Pending,
    Progress,
    Running,
    Succeeded,
    Unknown,
)
from slipway.build.builders.errors import AnswerInvalid
from slipway.build.builders.fields import link_in, sentence_in, text_in

__all__ = ["is_over", "progress_of"]

_PENDING: Final = frozenset(
    {"created", "waiting_for_resource", "preparing", "pending", "scheduled", "manual", "waiting_for_callback"}
)
_OF_THE_RUNNER: Final = frozenset(
    {
        "api_failure",
        "archived_failure",
        "ci_quota_exceeded",
        "data_integrity_failure",
        "no_matching_runner",
        "runner_provisioning_timeout",
        "runner_system_failure",
        "runner_unsupported",
        "scheduler_failure",
        "stale_schedule",
        "stuck_or_timeout_failure",
        "unknown_failure",
    }
)
_TOO_LONG: Final = "job_execution_timeout"


def is_over(progress: Progress) -> bool:
    """Whether nothing more will happen."""
    return not isinstance(progress, (Pending, Running, Unknown))


def progress_of(entry: dict[str, Any], failed_jobs: Sequence[dict[str, Any]] = ()) -> Progress:
    """How a pipeline goes.

    Args:
        entry: The pipeline.
        failed_jobs: Those of its jobs that failed, when it has failed.

    Raises:
        AnswerInvalid: when it has no status.
    """
    status, url = text_in(entry, "status"), link_in(entry, "web_url")
    match status:
        case None:
            msg = "an answer whose pipeline has no status: check that the address is that of the API"
            raise AnswerInvalid(msg)
        case "success":
            return Succeeded(None, url)
        case "canceled":
            return Cancelled(url)
        case "skipped":
            message = "no job of the pipeline ran: check its rules"
            return Failed(Reason.BUILD_FAILED, message, is_infrastructure=False, url=url)
        case "failed":
            return _failed(sentence_in(entry, "yaml_errors"), failed_jobs, url)
        case _:
            return Pending(url) if status in _PENDING else Running(url)


def _failed(yaml_errors: str, jobs: Sequence[dict[str, Any]], url: str | None) -> Failed:
    """Jobs that may fail are no cause, and a job that a runner lost says nothing of the image."""
    if yaml_errors:
        message = f".gitlab-ci.yml has errors: {yaml_errors}"
        return Failed(Reason.BUILD_FAILED, message, is_infrastructure=False, url=url)
    causes = [text_in(job, "failure_reason") for job in jobs if job.get("allow_failure") is not True]
    if _TOO_LONG in causes:
        message = "a job of the pipeline took longer than its timeout"
        return Failed(Reason.BUILD_TIMED_OUT, message, is_infrastructure=False, url=url)
    if causes and all(cause in _OF_THE_RUNNER for cause in causes):
        message = f"GitLab could not carry out a job of the pipeline ({causes[0]}): check its runners"
        return Failed(Reason.RUNNER_FAILED, message, is_infrastructure=True, url=url)
    message = "the pipeline failed: the logs of its jobs say why"
    return Failed(Reason.BUILD_FAILED, message, is_infrastructure=False, url=url)
