"""Gitea's API of Actions (https://docs.gitea.com/api/), as of three versions.

1.24 dispatches and lists tasks; 1.25 lists runs; later ones tell the run when the query asks for it, and
cancel.

Oddities: at most 50 rows a page whatever is asked for; all runs ever are listed; a run that waits has the
zero time as its start; inputs that are not declared are left out without a word; tasks are jobs that a runner
took, with statuses of their own.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from slipway.build.builders.contract import Builder
from slipway.build.builders.gitea import GiteaBuilder
from slipway.http import HttpClient
from tests.support.ci.fake import TOKEN, FakeCi, ManualClock, StoredRun, json_reply
from tests.support.ci.github import WORKFLOW
from tests.support.raw_server import Reply, Seen

__all__ = ["FakeGitea"]

_REPOSITORY = "/api/v1/repos/shop/api/actions"
_STATES = {
    "running": ("in_progress", ""),
    "succeeded": ("completed", "success"),
    "failed": ("completed", "failure"),
    "cancelled": ("completed", "cancelled"),
}
_TASK_STATES = {"queued": "waiting", "in_progress": "running"}


@dataclass
class FakeGitea(FakeCi):
    version: int = 27
    """The second number of it."""

    file: str = "image.yml"
    """The workflow that runs are of, unless their inputs name another one."""

    @override
    def builder(self, http: HttpClient, clock: ManualClock, url: str) -> Builder:
        return GiteaBuilder(http, WORKFLOW, TOKEN, url, clock)

    @override
    def words(self, run: StoredRun, state: str) -> None:
        run.state, run.conclusion = _STATES[state]

    @override
    def unauthorized(self) -> Reply:
        return json_reply({"message": "user does not exist [uid: 0, name: ]"}, 401)

    @override
    def answer(self, seen: Seen, path: str, query: dict[str, str]) -> Reply | None:
        if path == f"{_REPOSITORY}/workflows/image.yml/dispatches":
            return self._dispatch(json.loads(seen.body), query)
        if path == f"{_REPOSITORY}/tasks":
            return self._tasks(query)
        if path == f"{_REPOSITORY}/runs" and self.version >= 25:
            assert query["event"] == "workflow_dispatch"
            entries = [self.entry(run) for run in self.listed(query, "limit", 50)]
            return json_reply({"total_count": len(self.runs), "workflow_runs": entries})
        found = re.fullmatch(rf"{_REPOSITORY}/runs/(\d+)(/cancel)?", path)
        run = self.numbered(found[1]) if found and self.version >= 25 else None
        if run is None or found is None or (found[2] and self.version < 27):
            return None
        return self._cancel(run) if found[2] else json_reply(self.entry(run))

    def _dispatch(self, body: dict[str, Any], query: dict[str, str]) -> Reply:
        run = self.started(body["inputs"])
        if query.get("return_run_details") != "true" or not self.tells_run or self.version < 27:
            return Reply(204)
        return json_reply({"workflow_run_id": run.number, "html_url": self.entry(run)["html_url"]})

    def _cancel(self, run: StoredRun) -> Reply:
        run.cancelled += 1
        if run.state == "completed":
            return json_reply({"message": "run is already done"}, 409)
        self.words(run, "cancelled")
        return Reply(202)

    def _tasks(self, query: dict[str, str]) -> Reply:
        entries = [
            {
                "id": 5 * run.number,
                "name": "build",
                "display_title": run.name,
                "run_number": run.number - 900,
                "event": "workflow_dispatch",
                "status": run.conclusion or _TASK_STATES[run.state],
                "url": f"{self.url}/shop/api/actions/runs/{run.number - 900}",
                "created_at": run.created.isoformat(),
            }
            for run in self.listed(query, "limit", 50)
            if run.state != "queued"
        ]
        return json_reply({"total_count": len(self.runs), "workflow_runs": entries})

    def entry(self, run: StoredRun) -> dict[str, Any]:
        waits = run.state == "queued"
        return {
            "id": run.number,
            "display_title": run.name,
            "path": f"{run.inputs.get('file', self.file)}@refs/heads/main",
            "event": "workflow_dispatch",
            "status": run.state,
            "conclusion": run.conclusion,
            "html_url": f"{self.url}/shop/api/actions/runs/{run.number}",
            "started_at": "1970-01-01T00:00:00Z" if waits else run.created.isoformat(),
        }
