"""Runs as Gitea 1.24 tells of them: by their tasks, for it lists no runs yet.

A task is a job that a runner has taken. So a run that waits has none, and after the last task another job may
follow: that a run is not there, or has succeeded, cannot be told. Documented at https://docs.gitea.com/api/
(`ListActionTasks`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from slipway.api.conditions import Reason
from slipway.build.builders.actions import RunSearch, Workflow
from slipway.build.builders.api import CLOCK_SKEW, PAGE_SIZE, CiApi, path_of
from slipway.build.builders.contract import Cancelled, Failed, Progress, Run, Running, Unknown
from slipway.build.builders.errors import RunUnidentified
from slipway.build.builders.fields import id_in, link_in, moment_in, number_in, objects_in, text_in
from slipway.build.builders.order import BuildOrder

__all__ = ["TaskRuns", "is_of_tasks"]

_PREFIX: Final = "number-"
"""Before the number of a run, in place of the id that tasks do not tell."""


def is_of_tasks(run: Run) -> bool:
    """Whether a run is known by its tasks alone."""
    return run.id.startswith(_PREFIX)


class TaskRuns:
    """The runs of one workflow, as far as tasks tell of them.

    Args:
        api: The server.
        workflow: Whose runs they are.
    """

    def __init__(self, api: CiApi, workflow: Workflow) -> None:
        self._api = api
        self._workflow = workflow

    async def find(self, order: BuildOrder) -> Run | None:
        """The run that carries the key of the order in its name.

        Raises:
            RunUnidentified: when no task tells of it; it may wait for a runner.
        """
        search = RunSearch(order, self._workflow)
        async for task in self._since(order):
            if search.among([task]) is not None:
                return Run(f"{_PREFIX}{id_in(task, 'run_number')}", link_in(task, "url"))
        search.ensure_names()
        msg = (
            f"this Gitea tells of no run of {self._workflow.subject.what} before a runner takes it, so it is "
            "not started again: wait for a runner, or use Gitea 1.25 or newer"
        )
        raise RunUnidentified(msg)

    async def look(self, order: BuildOrder, run: Run) -> Progress:
        """How the run goes, by the worst of its tasks."""
        number = int(run.id.removeprefix(_PREFIX))
        states = {
            text_in(task, "status")
            async for task in self._since(order)
            if number_in(task, "run_number") == number
        }
        if states & {"failure"}:
            message = "a job of the workflow run failed: its log says why"
            return Failed(Reason.BUILD_FAILED, message, is_infrastructure=False, url=run.url)
        if states & {"cancelled"}:
            return Cancelled(run.url)
        return Running(run.url) if states & {"running"} else Unknown(run.url)

    async def _since(self, order: BuildOrder) -> AsyncIterator[dict[str, Any]]:
        """The tasks of dispatched runs since the order, the newest first."""
        path = path_of("repos", self._workflow.owner, self._workflow.repository, "actions", "tasks")
        query = {"limit": str(PAGE_SIZE)}
        async for answer in self._api.pages(path, self._workflow.subject, query):
            for task in objects_in(answer.body, "workflow_runs"):
                created = moment_in(task, "created_at")
                if created is not None and created < order.requested_at - CLOCK_SKEW:
                    return
                if text_in(task, "event") == "workflow_dispatch":
                    yield task
