"""What GitHub Actions and Gitea Actions have in common: workflows, how a run is found, and how it goes.

A run is found by its name, so a workflow must put the key there (and declare all inputs of `inputs.py`)::

    name: image
    run-name: image ${{ inputs.slipway_key }}
    on:
      workflow_dispatch:
        inputs:
          slipway_key: {required: true, type: string}

The name of a run is documented at
https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#run-name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from slipway.api.conditions import Reason
from slipway.build.builders.contract import (
    Cancelled,
    Failed,
    Pending,
    Progress,
    Run,
    Running,
    Succeeded,
)
from slipway.build.builders.errors import AnswerInvalid, RunUnidentified
from slipway.build.builders.fields import link_in, run_in, text_in
from slipway.build.builders.inputs import KEY, correlation_of
from slipway.build.builders.order import BuildOrder
from slipway.build.builders.refusals import Subject

__all__ = ["RunSearch", "Workflow", "progress_of"]

_ANY_KEY: Final = re.compile(r"\b[0-9a-f]{32}-\d{1,12}\b")
_PENDING: Final = frozenset({"queued", "requested", "waiting", "pending"})

# What ended without an image, and whether that says anything of what was built.
_FAILURES: Final[dict[str, tuple[str, bool, str]]] = {
    "failure": (Reason.BUILD_FAILED, False, "the workflow run failed: its log says why"),
    "timed_out": (Reason.BUILD_TIMED_OUT, False, "the workflow run took longer than its timeout-minutes"),
    "skipped": (Reason.BUILD_FAILED, False, "every job was skipped: check the `if` of the jobs"),
    "startup_failure": (
        Reason.RUNNER_FAILED,
        True,
        "the workflow run could not be started: check the workflow file, the runners and the billing",
    ),
    "stale": (
        Reason.RUNNER_FAILED,
        True,
        "the workflow run was given up: check that a runner takes its jobs",
    ),
}


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow that builds images when it is dispatched."""

    owner: str
    """User or organisation."""

    repository: str
    """Name of the repository, without the owner."""

    file: str
    """Name of the file in `.github/workflows` or `.gitea/workflows`: `image.yml`; of GitHub also its id."""

    ref: str
    """The branch or tag whose workflow file runs."""

    inputs: Mapping[str, str] = field(default_factory=dict)
    """The user's own inputs, which the workflow must declare."""

    @property
    def subject(self) -> Subject:
        """In the words of errors."""
        what = f"workflow {self.file} of {self.owner}/{self.repository}"
        return Subject(what, "the right to read and write Actions of the repository")

    def subject_of(self, run: Run) -> Subject:
        """One of its runs, in the words of errors."""
        return replace(self.subject, what=f"run {run.id} of {self.subject.what}")


class RunSearch:
    """Looks for the run of an order in lists of runs, by its name.

    Args:
        order: Whose run it is.
        workflow: Which workflow the runs are of.
    """

    def __init__(self, order: BuildOrder, workflow: Workflow) -> None:
        self._workflow = workflow
        self._key = re.compile(rf"(?<![\w-]){re.escape(correlation_of(order))}(?![\w-])")
        self._has_keys = self._has_others = False

    def among(self, entries: Iterable[dict[str, Any]]) -> Run | None:
        """The run of the order, if it is one of these.

        Raises:
            AnswerInvalid: when it is there, without an id.
        """
        for entry in entries:
            title = f"{text_in(entry, 'display_title') or ''}\n{text_in(entry, 'name') or ''}"
            if self._key.search(title):
                return run_in(entry, "html_url")
            if _ANY_KEY.search(title):
                self._has_keys = True
            else:
                self._has_others = True
        return None

    def ensure_names(self) -> None:
        """Not to be found has to mean something: runs of this workflow have to carry the key.

        One run with a key proves that they do; the others were then started by people.

        Raises:
            RunUnidentified: when there are runs, and not one has a key in its name.
        """
        if self._has_others and not self._has_keys:
            msg = (
                f"the runs of {self._workflow.subject.what} do not tell which order they are of, so it is "
                f"not started again: write `run-name: ${{{{ inputs.{KEY} }}}}` into the workflow file"
            )
            raise RunUnidentified(msg)


def progress_of(entry: dict[str, Any]) -> Progress:
    """How a run goes, by its `status` and, when that is `completed`, its `conclusion`.

    Raises:
        AnswerInvalid: when it has no status.
    """
    status, url = text_in(entry, "status"), link_in(entry, "html_url")
    if status is None:
        msg = "an answer whose run has no status: check that the address is that of the API"
        raise AnswerInvalid(msg)
    if status == "completed":
        return _concluded(text_in(entry, "conclusion") or "", url)
    return Pending(url) if status in _PENDING else Running(url)


def _concluded(conclusion: str, url: str | None) -> Progress:
    match conclusion:
        case "success" | "neutral":
            return Succeeded(None, url)
        case "cancelled":
            return Cancelled(url)
        case "action_required":
            return Pending(url)  # a person has to approve it, and may still do so
        case _ if conclusion in _FAILURES:
            reason, is_infrastructure, message = _FAILURES[conclusion]
            return Failed(reason, message, is_infrastructure, url)
        case _:
            message = f"the workflow run ended as {conclusion[:40]!r}, which is not known: its log says more"
            return Failed(Reason.BUILD_FAILED, message, is_infrastructure=True, url=url)
