"""GitHub's API of Actions (https://docs.github.com/en/rest/actions).

Oddities: a dispatch is answered with the run only when that is asked for, and older servers refuse to be
asked; inputs that the workflow does not declare are refused; a run is listed some seconds later; what is over
cannot be cancelled (409), nor can what is about to be queued; the name of a run is in `display_title`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from slipway.build.builders.actions import Workflow
from slipway.build.builders.contract import Builder
from slipway.build.builders.github import GitHubBuilder
from slipway.http import HttpClient
from tests.support.ci.fake import TOKEN, FakeCi, ManualClock, StoredRun, json_reply
from tests.support.raw_server import Reply, Seen

__all__ = ["WORKFLOW", "FakeGitHub"]

WORKFLOW = Workflow("shop", "api", "image.yml", "main", {"channel": "stable"})
_REPOSITORY = "/repos/shop/api/actions"
_STATES = {
    "running": ("in_progress", ""),
    "succeeded": ("completed", "success"),
    "failed": ("completed", "failure"),
    "cancelled": ("completed", "cancelled"),
}


@dataclass
class FakeGitHub(FakeCi):
    knows_details: bool = True
    """Whether `return_run_details` is known, as it is since GitHub Enterprise Server 3.21."""

    declared: Sequence[str] | None = None
    """The inputs of the workflow, where they are not all that come."""

    refuses: tuple[str, ...] = ()
    """How a run that is under way cannot be ended: `/cancel`, `/force-cancel`."""

    @override
    def builder(self, http: HttpClient, clock: ManualClock, url: str) -> Builder:
        return GitHubBuilder(http, WORKFLOW, f"{TOKEN}\n", url, clock)

    @override
    def words(self, run: StoredRun, state: str) -> None:
        run.state, run.conclusion = _STATES[state]

    @override
    def answer(self, seen: Seen, path: str, query: dict[str, str]) -> Reply | None:
        assert seen.headers["x-github-api-version"] == "2022-11-28"
        assert seen.headers["accept"] == "application/vnd.github+json"
        if path == f"{_REPOSITORY}/workflows/image.yml/dispatches":
            return self._dispatch(json.loads(seen.body))
        if path == f"{_REPOSITORY}/workflows/image.yml/runs":
            return self._list(query)
        found = re.fullmatch(rf"{_REPOSITORY}/runs/(\d+)(/cancel|/force-cancel)?", path)
        run = self.numbered(found[1]) if found else None
        if run is None or found is None:
            return None
        return self._cancel(run, found[2]) if found[2] else json_reply(self.entry(run))

    def _dispatch(self, body: dict[str, Any]) -> Reply:
        if "return_run_details" in body and not self.knows_details:
            words = 'Invalid request.\n\n"return_run_details" is not a permitted key.'
            return json_reply({"message": words, "documentation_url": "https://docs.github.com"}, 422)
        if body["ref"] != "main":
            return json_reply({"message": f"No ref found for: {body['ref']}"}, 422)
        unknown = [name for name in body["inputs"] if self.declared is not None and name not in self.declared]
        if unknown:
            return json_reply({"message": f"Unexpected inputs provided: {json.dumps(unknown)}"}, 422)
        run = self.started(body["inputs"])
        if not body.get("return_run_details"):
            return Reply(204)
        links = {
            "run_url": f"{self.url}{_REPOSITORY}/runs/{run.number}",
            "html_url": self.entry(run)["html_url"],
        }
        return json_reply({"workflow_run_id": run.number, **links})

    def _list(self, query: dict[str, str]) -> Reply:
        assert query["event"] == "workflow_dispatch"
        since = query["created"].removeprefix(">=")
        runs = self.listed(query, "per_page", 100)
        entries = [self.entry(run) for run in runs if f"{run.created:%Y-%m-%dT%H:%M:%SZ}" >= since]
        return json_reply({"total_count": len(self.runs), "workflow_runs": entries})

    def _cancel(self, run: StoredRun, verb: str) -> Reply:
        run.cancelled += 1
        if run.state == "completed":
            return json_reply({"message": "Cannot cancel a workflow run that is completed."}, 409)
        if verb in self.refuses:
            return json_reply({"message": "Cannot cancel a workflow run that has not been queued yet."}, 409)
        self.words(run, "cancelled")
        return json_reply({}, 202)

    def entry(self, run: StoredRun) -> dict[str, Any]:
        return {
            "id": run.number,
            "name": "image",
            "display_title": run.name,
            "event": "workflow_dispatch",
            "status": run.state,
            "conclusion": run.conclusion or None,
            "html_url": f"https://github.com/shop/api/actions/runs/{run.number}",
            "created_at": f"{run.created:%Y-%m-%dT%H:%M:%SZ}",
        }
