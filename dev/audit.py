"""What the API server was asked, read from its audit log: the ground truth of every count."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from typing_extensions import override

__all__ = ["SLIPWAY", "WRITE_VERBS", "AuditLog", "Request", "Writes", "parse"]

SLIPWAY = ("slipway/", "kopf/")
"""User agents of the operator: its own requests, and those that Kopf makes inside it."""

WRITE_VERBS = frozenset({"create", "update", "patch", "delete", "deletecollection"})

Moments = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Request:
    """One request to the API server; a refused one too."""

    at: datetime
    """When the server received it, UTC."""
    verb: str
    """get, list, watch, create, update, patch, delete, deletecollection; elsewhere the HTTP method."""
    resource: str
    """`<plural>.<group>`, just `<plural>` in the core group, empty for other paths such as /readyz."""
    subresource: str
    namespace: str
    name: str
    user_agent: str
    code: int
    """HTTP status of the answer."""
    uri: str
    identity: str
    """The server's id of this request."""

    @property
    def agent(self) -> str:
        """The product in the user agent without its version: `slipway`, `kubectl`."""
        return self.user_agent.partition("/")[0]

    @property
    def is_write(self) -> bool:
        """Whether it asked for a change."""
        return self.verb in WRITE_VERBS


@dataclass(frozen=True, slots=True)
class Writes:
    """Writes between two moments, Events and Leases apart, since promises count them apart."""

    objects: tuple[Request, ...]
    """Everything that is neither an Event nor a Lease."""
    events: tuple[Request, ...]
    leases: tuple[Request, ...]

    def within(self, namespace: str) -> Writes:
        """Those to objects of one namespace; in others the objects of earlier tests may still be going."""
        there = (
            tuple(one for one in writes if one.namespace == namespace)
            for writes in (self.objects, self.events, self.leases)
        )
        return Writes(*there)

    @override
    def __str__(self) -> str:
        lines = [
            f"{write.at.isoformat()} {write.verb} {write.resource}{'/' * bool(write.subresource)}"
            f"{write.subresource} {write.namespace}/{write.name} -> {write.code} by {write.user_agent}"
            for write in self.objects
        ]
        return "\n".join(lines) or "no writes"


def parse(line: str) -> Request | None:
    """One line of the log; None for stages before the answer is complete, so that no request counts twice.

    Watches are complete when they end; they are counted at their start instead, so a running one counts.
    """
    event = json.loads(line)
    reference = event.get("objectRef") or {}
    stage = "ResponseStarted" if event["verb"] == "watch" and _accepted(event) else "ResponseComplete"
    if event["stage"] != stage:
        return None
    return Request(
        at=datetime.fromisoformat(event["requestReceivedTimestamp"]),
        verb=event["verb"],
        resource=_resource(reference),
        subresource=reference.get("subresource", ""),
        namespace=reference.get("namespace", ""),
        name=reference.get("name", ""),
        user_agent=event.get("userAgent", ""),
        code=_code(event),
        uri=event["requestURI"],
        identity=event["auditID"],
    )


class AuditLog:
    """The audit log of a running API server.

    Args:
        path: the log.
        mark: makes a request to the API server whose URI contains the given text; everything the server
            answered before is in the log when this request is.
    """

    def __init__(self, path: Path, mark: Callable[[str], object]) -> None:
        self._path = path
        self._mark = mark
        self._offset = 0
        self._marks = 0
        self._requests: list[Request] = []

    def requests(
        self, between: Moments | None = None, user_agent_prefix: str | Sequence[str] = ""
    ) -> list[Request]:
        """All requests that the server received between two moments (both included), oldest first.

        Raises:
            TimeoutError: the log does not keep up with the server.
        """
        self._catch_up()
        prefixes = (user_agent_prefix,) if isinstance(user_agent_prefix, str) else tuple(user_agent_prefix)
        chosen = [request for request in self._requests if request.user_agent.startswith(prefixes)]
        if between is not None:
            chosen = [request for request in chosen if between[0] <= request.at <= between[1]]
        return sorted(chosen, key=lambda request: request.at)

    def counts(
        self, between: Moments | None = None, user_agent_prefix: str | Sequence[str] = ""
    ) -> Counter[tuple[str, str, str]]:
        """Number of requests by (verb, resource, user agent without version)."""
        chosen = self.requests(between, user_agent_prefix)
        return Counter((request.verb, request.resource, request.agent) for request in chosen)

    def writes(
        self, between: Moments | None = None, user_agent_prefix: str | Sequence[str] = SLIPWAY
    ) -> Writes:
        """Which writes did Slipway (or another client) make between these two moments?"""
        writes = [request for request in self.requests(between, user_agent_prefix) if request.is_write]
        events = tuple(write for write in writes if write.resource in {"events", "events.events.k8s.io"})
        leases = tuple(write for write in writes if write.resource == "leases.coordination.k8s.io")
        apart = {*events, *leases}
        return Writes(tuple(write for write in writes if write not in apart), events, leases)

    def _catch_up(self) -> None:
        self._marks += 1
        text = f"audit-mark-{id(self)}-{self._marks}"
        # The entry of a request is written right after its answer was sent, so one mark may overtake the
        # entry of a request that was answered a moment ago; the second one comes a whole request later.
        for marker in (text, f"{text}-again"):
            self._mark(marker)
            self._read_until(marker)

    def _read_until(self, marker: str) -> None:
        deadline = time.monotonic() + 10
        while not self._read_more(marker):
            if time.monotonic() > deadline:
                msg = f"{self._path} does not show a request that was answered 10 s ago"
                raise TimeoutError(msg)
            time.sleep(0.01)

    def _read_more(self, marker: str) -> bool:
        seen = False
        with self._path.open("rb") as log:
            log.seek(self._offset)
            for line in log:
                if not line.endswith(b"\n"):
                    break
                self._offset += len(line)
                seen |= self._take(line.decode(), marker)
        return seen

    def _take(self, line: str, marker: str) -> bool:
        request = parse(line)
        if request is None:
            return False
        if "audit-mark-" in request.uri:
            return request.uri.endswith(marker)
        self._requests.append(request)
        return False


def _accepted(event: dict[str, Any]) -> bool:
    return _code(event) < 400


def _code(event: dict[str, Any]) -> int:
    code: int = (event.get("responseStatus") or {}).get("code", 0)
    return code


def _resource(reference: dict[str, Any]) -> str:
    group = reference.get("apiGroup", "")
    resource: str = reference.get("resource", "")
    return f"{resource}.{group}" if group else resource
