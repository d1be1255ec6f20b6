"""GitLab's API of pipelines (https://docs.gitlab.com/api/pipelines/ and pipeline_triggers/).

Oddities: a trigger token stands in the form, and where it is wrong nothing is there (404); what is wrong is
told in lists by field; a list ends where X-Next-Page is empty; a pipeline that is over can be cancelled all
the same; `canceled` has one l; not everybody who may see a pipeline may read its variables.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from typing_extensions import override

from slipway.build.builders.contract import Builder
from slipway.build.builders.gitlab import GitLabBuilder, Pipeline
from slipway.http import HttpClient
from tests.support.ci.fake import TOKEN, FakeCi, ManualClock, StoredRun, json_reply
from tests.support.raw_server import Reply, Seen

__all__ = ["PIPELINE", "TRIGGER_TOKEN", "FakeGitLab"]

PIPELINE = Pipeline("shop/api", "main", {"CHANNEL": "stable"})
TRIGGER_TOKEN = "fake-trigger-token-of-a-test"
_PROJECT = "/api/v4/projects/shop%2Fapi"
_STATES = {"running": "running", "succeeded": "success", "failed": "failed", "cancelled": "canceled"}


@dataclass
class FakeGitLab(FakeCi):
    starts_at: str = "/pipeline"
    by_trigger: bool = False
    """Whether pipelines are started with a trigger token."""

    may_ask: bool = True
    """Whether the builder has a token of the API."""

    hides_variables: bool = False
    failed_jobs: list[dict[str, Any]] = field(default_factory=list)

    @override
    def builder(self, http: HttpClient, clock: ManualClock, url: str) -> Builder:
        token, trigger = TOKEN if self.may_ask else None, TRIGGER_TOKEN if self.by_trigger else None
        return GitLabBuilder(http, PIPELINE, token, trigger_token=trigger, base=url, clock=clock)

    @override
    def words(self, run: StoredRun, state: str) -> None:
        run.state = _STATES[state]

    @override
    def is_authorized(self, seen: Seen) -> bool:
        return seen.path.endswith("/trigger/pipeline") or super().is_authorized(seen)

    @override
    def unauthorized(self) -> Reply:
        return json_reply({"message": "401 Unauthorized"}, 401)

    @override
    def answer(self, seen: Seen, path: str, query: dict[str, str]) -> Reply | None:
        if path == f"{_PROJECT}/trigger/pipeline":
            return self._trigger(seen)
        if path == f"{_PROJECT}/pipeline":
            body = json.loads(seen.body)
            return self._create(body["ref"], {one["key"]: one["value"] for one in body["variables"]})
        if path == f"{_PROJECT}/pipelines":
            return self._list(query)
        found = re.fullmatch(rf"{_PROJECT}/pipelines/(\d+)(/variables|/jobs|/cancel)?", path)
        run = self.numbered(found[1]) if found else None
        return self._of(run, found[2]) if found and run else None

    def _of(self, run: StoredRun, what: str | None) -> Reply:
        if what == "/variables" and self.hides_variables:
            return json_reply({"message": "403 Forbidden"}, 403)
        if what == "/variables":
            return json_reply([{"key": name, "value": value} for name, value in run.inputs.items()])
        if what == "/jobs":
            return json_reply(self.failed_jobs)
        if what == "/cancel":
            run.cancelled += 1
            if run.state in {"queued", "running"}:
                self.words(run, "cancelled")
        return json_reply(self.entry(run))

    def _trigger(self, seen: Seen) -> Reply | None:
        assert "authorization" not in seen.headers
        form = {
            name: values[0] for name, values in parse_qs(seen.body.decode(), keep_blank_values=True).items()
        }
        if form["token"] != TRIGGER_TOKEN:
            return None
        variables = {name[10:-1]: value for name, value in form.items() if name.startswith("variables[")}
        return self._create(form["ref"], variables)

    def _create(self, ref: str, variables: dict[str, str]) -> Reply:
        if ref != "main":
            return json_reply({"message": {"base": ["Reference not found"]}}, 400)
        run = self.started(variables)
        return json_reply(self.entry(run), 201) if self.tells_run else Reply(201)

    def _list(self, query: dict[str, str]) -> Reply:
        assert query["source"] == ("trigger" if self.by_trigger else "api")
        assert query["ref"] == "main"
        runs = self.listed(query, "per_page", 100)
        entries = [self.entry(r) for r in runs if f"{r.created:%Y-%m-%dT%H:%M:%SZ}" >= query["created_after"]]
        is_last = not runs or self.runs[0] in runs
        following = "" if is_last else str(int(query["page"]) + 1)
        return json_reply(entries, headers=[("X-Next-Page", following)])

    def entry(self, run: StoredRun) -> dict[str, Any]:
        return {
            "id": run.number,
            "iid": 3,
            "ref": "main",
            "name": run.name if self.names_runs else None,
            "status": "created" if run.state == "queued" else run.state,
            "web_url": f"{self.url}/shop/api/-/pipelines/{run.number}",
            "created_at": run.created.isoformat(),
            "yaml_errors": None,
        }
