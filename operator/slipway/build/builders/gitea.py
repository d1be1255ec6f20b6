"""Builds in Gitea Actions, by workflow_dispatch.

Documented at https://docs.gitea.com/api/ (`ActionsDispatchWorkflow`, `getWorkflowRuns`, `GetWorkflowRun`,
`cancelWorkflowRun`). What is offered depends on the version: 1.24 dispatches and lists tasks
(`gitea_tasks.py`), 1.25 lists runs, later ones answer a dispatch with the run when the query asks for it, and
cancel runs. Inputs that the workflow does not declare are left out without a word. Versions that know no
`concurrency` end what still runs of a workflow and branch when it is dispatched again: images that share one
there cancel each other.
"""

from __future__ import annotations

from typing import Any, ClassVar

from typing_extensions import override

from slipway.build.builders.actions import RunSearch, Workflow, progress_of
from slipway.build.builders.api import CLOCK_SKEW, PAGE_SIZE, Answer, CiApi, path_of
from slipway.build.builders.contract import Builder, Pending, Progress, Run, Running
from slipway.build.builders.errors import NotOffered, OrderRefused, TargetMissing
from slipway.build.builders.fields import moment_in, object_in, objects_in, started_run
from slipway.build.builders.gitea_tasks import TaskRuns, is_of_tasks
from slipway.build.builders.inputs import inputs_of
from slipway.build.builders.order import BuildOrder
from slipway.clock import Clock
from slipway.http import HttpClient

__all__ = ["GiteaBuilder"]


class GiteaBuilder(Builder):
    """Dispatches one workflow.

    Args:
        http: Carries the requests.
        workflow: What is dispatched.
        token: An access token with the scope `write:repository`.
        base: The address of the server: `https://gitea.example.com`.
        clock: Against which rate limits are told.
    """

    starts_once: ClassVar[bool] = False

    def __init__(
        self, http: HttpClient, workflow: Workflow, token: str, base: str, clock: Clock | None = None
    ) -> None:
        self._api = CiApi(http, f"{base.rstrip('/')}/api/v1", token, clock=clock)
        self._workflow = workflow
        self._subject = workflow.subject
        self._tasks = TaskRuns(self._api, workflow)

    @override
    async def find(self, order: BuildOrder) -> Run | None:
        """The run that carries the key of the order in its name."""
        try:
            return await self._find_run(order)
        except TargetMissing:
            return await self._tasks.find(order)  # before 1.25 there was no list of runs

    @override
    async def start(self, order: BuildOrder) -> Run | None:
        """Dispatches the workflow once."""
        workflow = self._workflow
        path = path_of("repos", workflow.owner, workflow.repository, "actions", "workflows", workflow.file)
        payload = {"ref": workflow.ref, "inputs": inputs_of(order, workflow.inputs)}
        try:
            # In the query, which older versions do not read.
            answer = await self._api.post(
                f"{path}/dispatches?return_run_details=true", self._subject, payload
            )
        except OrderRefused as error:
            msg = (
                f"{error}: the {self._subject.what} must be there on {workflow.ref}, and run on "
                "workflow_dispatch"
            )
            raise OrderRefused(msg, error.words, error.status) from error
        return started_run(answer.body, "html_url", "workflow_run_id")

    @override
    async def look(self, order: BuildOrder, run: Run) -> Progress:
        """How the run goes."""
        if is_of_tasks(run):
            return await self._tasks.look(order, run)
        answer = await self._api.get(self._path("runs", run.id), self._workflow.subject_of(run))
        return progress_of(object_in(answer.body))

    @override
    async def cancel(self, order: BuildOrder, run: Run) -> None:
        """Asks the run to end."""
        if is_of_tasks(run):
            raise self._cannot_cancel()
        try:
            await self._api.post(f"{self._path('runs', run.id)}/cancel", self._workflow.subject_of(run))
        except (OrderRefused, TargetMissing) as error:
            is_known = isinstance(error, TargetMissing) or error.status in {405, 409}
            if not is_known:
                raise
            # 409 says that it is over; 404 and 405 do where there is no such address to ask.
            if isinstance(await self.look(order, run), (Pending, Running)):
                raise self._cannot_cancel() from error

    async def _find_run(self, order: BuildOrder) -> Run | None:
        query = {"event": "workflow_dispatch", "limit": str(PAGE_SIZE)}
        search = RunSearch(order, self._workflow)
        async for answer in self._api.pages(self._path("runs"), self._subject, query):
            recent = _recent(answer, order)
            run = search.among(entry for entry in recent if self._is_ours(entry.get("path")))
            if run is not None:
                return run
            if not recent:
                break  # the list goes back to the first run ever, and all that follows is older
        search.ensure_names()
        return None

    def _is_ours(self, path: object) -> bool:
        """Whether a run is of this workflow, by `path`: `image.yml@refs/heads/main`."""
        if not isinstance(path, str):
            return True
        return path.partition("@")[0].rpartition("/")[2] == self._workflow.file

    def _path(self, *segments: str) -> str:
        return path_of("repos", self._workflow.owner, self._workflow.repository, "actions", *segments)

    def _cannot_cancel(self) -> NotOffered:
        msg = (
            f"this Gitea cancels no runs by its API: end the run of {self._subject.what} on its page, or use "
            "a version that answers to actions/runs/ID/cancel"
        )
        return NotOffered(msg)


def _recent(answer: Answer, order: BuildOrder) -> list[dict[str, Any]]:
    """The runs of a page that may be of the order, by time; what still waits has no time of its start."""
    since = order.requested_at - CLOCK_SKEW
    moments = ("created_at", "started_at", "completed_at")
    return [
        entry
        for entry in objects_in(answer.body, "workflow_runs")
        if (moment_in(entry, *moments) or since) >= since
    ]
