"""Builds in GitHub Actions, by workflow_dispatch; of GitHub itself and of GitHub Enterprise Server.

Documented at https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event and
https://docs.github.com/en/rest/actions/workflow-runs. A dispatch is answered with the run where
`return_run_details` is known (since February 2026), and with nothing elsewhere: then the run is found by its
name (`actions.py`), which takes some seconds until it is listed.
"""

from __future__ import annotations

from datetime import UTC
from typing import ClassVar, Final

from typing_extensions import override

from slipway.build.builders.actions import RunSearch, Workflow, progress_of
from slipway.build.builders.api import CLOCK_SKEW, PAGE_SIZE, Answer, CiApi, path_of
from slipway.build.builders.contract import Builder, Pending, Progress, Run, Running
from slipway.build.builders.errors import OrderRefused
from slipway.build.builders.fields import object_in, objects_in, started_run
from slipway.build.builders.inputs import inputs_of
from slipway.build.builders.order import BuildOrder
from slipway.clock import Clock
from slipway.http import HttpClient

__all__ = ["GITHUB_API", "GitHubBuilder"]

GITHUB_API: Final = "https://api.github.com"
"""The API of GitHub itself; GitHub Enterprise Server has it at `https://HOST/api/v3`."""

_HEADERS: Final = {
    "Accept": "application/vnd.github+json",
    # The oldest that is supported: servers refuse versions that they do not know.
    "X-GitHub-Api-Version": "2022-11-28",
}
_MOST_INPUTS: Final = 25
_MOST_CHARACTERS: Final = 65_535  # of all inputs together
_DETAILS: Final = "return_run_details"


class GitHubBuilder(Builder):
    """Dispatches one workflow.

    Args:
        http: Carries the requests.
        workflow: What is dispatched.
        token: A fine-grained token, or that of a GitHub App, with the permission Actions: read and write.
        base: The address of the API.
        clock: Against which rate limits are told.
    """

    starts_once: ClassVar[bool] = False

    def __init__(
        self,
        http: HttpClient,
        workflow: Workflow,
        token: str,
        base: str = GITHUB_API,
        clock: Clock | None = None,
    ) -> None:
        self._api = CiApi(http, base, token, _HEADERS, clock)
        self._workflow = workflow
        self._subject = workflow.subject

    @override
    async def find(self, order: BuildOrder) -> Run | None:
        """The run that carries the key of the order in its name."""
        since = (order.requested_at - CLOCK_SKEW).astimezone(UTC)
        query = {
            "event": "workflow_dispatch",
            "created": f">={since:%Y-%m-%dT%H:%M:%SZ}",
            "per_page": str(PAGE_SIZE),
        }
        search = RunSearch(order, self._workflow)
        async for answer in self._api.pages(f"{self._workflow_path()}/runs", self._subject, query):
            run = search.among(objects_in(answer.body, "workflow_runs"))
            if run is not None:
                return run
        search.ensure_names()
        return None

    @override
    async def start(self, order: BuildOrder) -> Run | None:
        """Dispatches the workflow once."""
        payload = {"ref": self._workflow.ref, "inputs": _inputs(order, self._workflow)}
        path = f"{self._workflow_path()}/dispatches"
        try:
            answer = await self._api.post(path, self._subject, {**payload, _DETAILS: True})
        except OrderRefused as error:
            if _DETAILS not in error.words:
                raise _with_advice(error, self._workflow) from error
            # An older server looks at the form first: nothing was started, and this is the one that counts.
            answer = await self._start_plainly(path, payload)
        return started_run(answer.body, "html_url", "workflow_run_id")

    @override
    async def look(self, order: BuildOrder, run: Run) -> Progress:
        """How the run goes."""
        answer = await self._api.get(self._run_path(run), self._workflow.subject_of(run))
        return progress_of(object_in(answer.body))

    @override
    async def cancel(self, order: BuildOrder, run: Run) -> None:
        """Asks the run to end, and ends it where it cannot be asked.

        Raises:
            OrderRefused: when it is not over and cannot be ended, as long as it is not queued.
        """
        if await self._ends(run, "cancel") or await self._is_over(order, run):
            return
        if not await self._ends(run, "force-cancel") and not await self._is_over(order, run):
            msg = (
                f"GitHub does not end run {run.id} of {self._subject.what} before it is queued: it is asked "
                "again later; where that does not help, GitHub's support does"
            )
            raise OrderRefused(msg, status=409)

    async def _start_plainly(self, path: str, payload: object) -> Answer:
        try:
            return await self._api.post(path, self._subject, payload)
        except OrderRefused as error:
            raise _with_advice(error, self._workflow) from error

    async def _ends(self, run: Run, verb: str) -> bool:
        """Whether it was taken; GitHub answers 409 to what cannot be cancelled, because it is over or not."""
        try:
            await self._api.post(f"{self._run_path(run)}/{verb}", self._workflow.subject_of(run))
        except OrderRefused as error:
            if error.status != 409:
                raise
            return False
        return True

    async def _is_over(self, order: BuildOrder, run: Run) -> bool:
        return not isinstance(await self.look(order, run), (Pending, Running))

    def _workflow_path(self) -> str:
        workflow = self._workflow
        return path_of("repos", workflow.owner, workflow.repository, "actions", "workflows", workflow.file)

    def _run_path(self, run: Run) -> str:
        return path_of("repos", self._workflow.owner, self._workflow.repository, "actions", "runs", run.id)


def _inputs(order: BuildOrder, workflow: Workflow) -> dict[str, str]:
    """All inputs, within the limits that the vendor documents (its page on workflow syntax, `inputs`).

    Raises:
        OrderRefused: when there are too many or too long ones.
    """
    inputs = inputs_of(order, workflow.inputs)
    size = sum(len(name) + len(value) for name, value in inputs.items())
    if len(inputs) > _MOST_INPUTS or size > _MOST_CHARACTERS:
        msg = (
            f"{len(inputs)} inputs of {size} characters are more than GitHub takes ({_MOST_INPUTS} of "
            f"{_MOST_CHARACTERS}): remove some of the build's own inputs"
        )
        raise OrderRefused(msg)
    return inputs


def _with_advice(error: OrderRefused, workflow: Workflow) -> OrderRefused:
    """422 for an input that the workflow does not declare, a ref that there is not, a disabled workflow."""
    msg = (
        f"{error}: the {workflow.subject.what} must be there on {workflow.ref}, be enabled, run on "
        "workflow_dispatch, and declare every input that it is given"
    )
    return OrderRefused(msg, error.words, error.status)
