"""An API server that knows Jobs and their pods, as far as builds by Jobs ask it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from typing_extensions import override

from slipway.build.builders.contract import Run
from slipway.build.builders.job.builder import JobBuilder
from slipway.build.builders.job.manifest import job_manifest
from slipway.build.builders.order import BuildOrder
from slipway.engine.intake import Intake
from slipway.engine.queue import Queue
from slipway.engine.store import Store
from slipway.kube.children import Children
from slipway.kube.client import KubeClient
from slipway.kube.connection import Connection
from tests.support.build_orders import SETTINGS
from tests.support.ci.fake import NOW, TOKEN, FakeCi, ManualClock, Running, StoredRun, json_reply
from tests.support.raw_server import RawServer, Reply, Seen

__all__ = ["DIGEST", "FakeJobs"]

DIGEST: Final = f"sha256:{'d' * 64}"
"""What every build pushes that succeeds."""

_KUBECONFIG: Final = """\
apiVersion: v1
kind: Config
current-context: here
contexts: [{{name: here, context: {{cluster: here, user: me}}}}]
clusters: [{{name: here, cluster: {{server: "{url}"}}}}]
users: [{{name: me, user: {{token: "{token}"}}}}]
"""


def _status(code: int, reason: str) -> Reply:
    """An error as the API server writes it."""
    return json_reply({"kind": "Status", "reason": reason, "message": reason, "code": code}, code)


@dataclass
class FakeJobs(FakeCi):
    starts_at: str = "/jobs"
    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The Jobs by name; a run without one was deleted."""

    @override
    def run_of(self, run: StoredRun) -> Run:
        return Run(run.name)

    @override
    def words(self, run: StoredRun, state: str) -> None:
        run.state = state

    @override
    def dispatched(self, order: BuildOrder) -> StoredRun:
        owner = {"apiVersion": "slipway.dev/v1alpha1", "kind": "ManagedImage", "name": order.image_name}
        body = job_manifest(order, SETTINGS)
        body["metadata"]["ownerReferences"] = [{**owner, "uid": order.uid, "controller": True}]
        return self._made(body)

    @override
    def unauthorized(self) -> Reply:
        return _status(401, "Unauthorized")

    @override
    def answer(self, seen: Seen, path: str, query: dict[str, str]) -> Reply | None:
        if path == "/api/v1/namespaces/shop/pods":
            return self._pods(query["labelSelector"].partition("=")[2])
        if seen.method == "POST" and path == "/apis/batch/v1/namespaces/shop/jobs":
            return self._take(json.loads(seen.body))
        name = path.removeprefix("/apis/batch/v1/namespaces/shop/jobs/")
        if name not in self.bodies:
            return _status(404, "NotFound")
        return self._deleted(name, seen) if seen.method == "DELETE" else json_reply(self._shown(name))

    def _take(self, body: dict[str, Any]) -> Reply:
        if body["metadata"]["name"] in self.bodies:
            return _status(409, "AlreadyExists")
        return json_reply(self._shown(self._made(body).name), 201)

    def _made(self, body: Mapping[str, Any]) -> StoredRun:
        metadata = {
            **body["metadata"],
            "uid": f"uid-{len(self.runs)}",
            "resourceVersion": str(100 + len(self.runs)),
            "creationTimestamp": f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
        }
        name, notes = metadata["name"], metadata["annotations"]
        self.bodies[name] = {**body, "metadata": metadata}
        run = self.started({"slipway_key": _correlation(notes)})
        run.name = name
        return run

    def _deleted(self, name: str, seen: Seen) -> Reply:
        metadata = self.bodies[name]["metadata"]
        wanted = json.loads(seen.body)["preconditions"]
        if wanted != {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}:
            return _status(409, "Conflict")
        del self.bodies[name]
        self._named(name).cancelled += 1
        return json_reply({"kind": "Status", "status": "Success"})

    def _shown(self, name: str) -> dict[str, Any]:
        ends = {"succeeded": "Complete", "failed": "Failed"}
        end = ends.get(self._named(name).state)
        conditions = [{"type": end, "status": "True"}] if end else []
        return {**self.bodies[name], "status": {"conditions": conditions}}

    def _pods(self, job: str) -> Reply:
        items = [_pod(self._named(job).state)] if job in self.bodies else []
        return json_reply({"metadata": {"resourceVersion": "1"}, "items": items})

    def _named(self, name: str) -> StoredRun:
        return next(run for run in reversed(self.runs) if run.name == name)

    @override
    @asynccontextmanager
    async def running(self, *, timeout: float = 5, url: str = "") -> AsyncIterator[Running]:
        clock = ManualClock()
        async with RawServer(self) as server:
            with TemporaryDirectory() as folder:
                kubeconfig = Path(folder) / "config"
                kubeconfig.write_text(_KUBECONFIG.format(url=url or server.url, token=TOKEN))
                connection = await Connection.load(kubeconfig)
                async with KubeClient(connection, timeout=timeout) as client:
                    children = Children(client, Intake(Store(), Queue(), ()), ())
                    yield Running(JobBuilder(client, children, clock, SETTINGS), server, clock)


def _correlation(notes: Mapping[str, str]) -> str:
    """What `correlation_of` the order is, as the Job tells it."""
    moment = datetime.fromisoformat(notes["slipway.dev/requested-at"])
    return f"{notes['slipway.dev/build-key']}-{int(moment.timestamp())}"


def _pod(state: str) -> dict[str, Any]:
    messages = {"succeeded": (0, DIGEST), "failed": (1, "RUN make: the log says more")}
    if state not in messages:
        return {"status": {"phase": "Running" if state == "running" else "Pending"}}
    code, message = messages[state]
    ended = {"terminated": {"exitCode": code, "message": message}}
    return {"status": {"containerStatuses": [{"name": "build", "state": ended}]}}
