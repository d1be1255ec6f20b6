"""Somebody's own service that takes orders as Standard Webhooks, and verifies them as the specification says.

It builds once for each `webhook-id`, and answers a second delivery like the first.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from slipway.build.builders.contract import Builder
from slipway.build.builders.webhook import WebhookBuilder
from slipway.http import HttpClient
from tests.support.ci.fake import NOW, FakeCi, ManualClock, StoredRun, json_reply
from tests.support.raw_server import Reply, Seen

__all__ = ["SECRET", "FakeReceiver"]

_KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(_KEY).decode()}"


@dataclass
class FakeReceiver(FakeCi):
    starts_at: str = "/hooks/build"
    status_url: str | None = "/builds/{number}"
    """What it says where to ask; None when it says nothing."""

    digest: str | None = None

    @override
    def builder(self, http: HttpClient, clock: ManualClock, url: str) -> Builder:
        return WebhookBuilder(http, f"{url}/hooks/build", SECRET, {"channel": "stable"}, clock)

    @override
    def words(self, run: StoredRun, state: str) -> None:
        run.state = state

    @override
    def is_authorized(self, seen: Seen) -> bool:
        assert "authorization" not in seen.headers
        moment = int(seen.headers["webhook-timestamp"])
        signed = f"{seen.headers['webhook-id']}.{moment}.".encode() + seen.body
        expected = base64.b64encode(hmac.new(_KEY, signed, hashlib.sha256).digest()).decode()
        is_fresh = abs(moment - NOW.timestamp()) < 300
        return is_fresh and hmac.compare_digest(seen.headers["webhook-signature"], f"v1,{expected}")

    @override
    def answer(self, seen: Seen, path: str, query: dict[str, str]) -> Reply | None:
        if path == "/hooks/build" and seen.method == "POST":
            return self._take(seen)
        run = self.numbered(path.removeprefix("/builds/"))
        if run is None or seen.method != "GET":
            return None
        return json_reply(
            {"status": "running" if run.state == "queued" else run.state, "digest": self.digest}
        )

    def _take(self, seen: Seen) -> Reply:
        key = seen.headers["webhook-id"]
        run = next((run for run in self.runs if run.inputs["slipway_key"] == key), None)
        if run is None:
            run = self.started({"slipway_key": key, "body": seen.body.decode()})
        answer: dict[str, Any] = {"id": f"build-{run.number}", "url": f"{self.url}/log/{run.number}"}
        if self.status_url is not None:
            answer["statusUrl"] = self.status_url.format(number=run.number)
        return json_reply(answer, 202)

    def body(self) -> dict[str, Any]:
        """The last order, as it came."""
        message: dict[str, Any] = json.loads(self.runs[-1].inputs["body"])
        return message
