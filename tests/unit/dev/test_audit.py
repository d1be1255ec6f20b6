"""Reading the API server's audit log."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dev.audit import AuditLog, parse

_BEGIN = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def _entry(verb: str, seconds: float = 0, **changes: Any) -> dict[str, Any]:
    moment = _BEGIN + timedelta(seconds=seconds)
    return {
        "kind": "Event",
        "auditID": f"{verb}-{seconds}",
        "stage": "ResponseComplete",
        "verb": verb,
        "requestURI": "/apis/apps/v1/namespaces/shop/deployments/api",
        "userAgent": "slipway/0.1.0",
        "objectRef": {"apiGroup": "apps", "resource": "deployments", "namespace": "shop", "name": "api"},
        "responseStatus": {"code": 200},
        "requestReceivedTimestamp": moment.isoformat().replace("+00:00", "Z"),
        **changes,
    }


class _Server:
    """Writes the log as an API server does; a mark is a request for a path without a resource."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.path.touch()

    def log(self, *entries: dict[str, Any]) -> None:
        with self.path.open("a") as log:
            log.writelines(json.dumps(entry) + "\n" for entry in entries)

    def mark(self, text: str) -> None:
        self.log(_entry("get", requestURI=f"/version?{text}", objectRef=None))


def _log_of(tmp_path: Path, *entries: dict[str, Any]) -> tuple[_Server, AuditLog]:
    server = _Server(tmp_path / "audit.log")
    server.log(*entries)
    return server, AuditLog(server.path, server.mark)


def test_an_entry_tells_who_did_what_to_which_object() -> None:
    """Group and plural make the resource; the agent is the product without its version."""
    request = parse(
        json.dumps(_entry("patch", objectRef={"apiGroup": "slipway.dev", "resource": "warehouses"}))
    )

    assert request is not None
    assert (request.verb, request.resource, request.agent) == ("patch", "warehouses.slipway.dev", "slipway")
    assert request.at == _BEGIN
    assert request.is_write


def test_an_entry_for_a_path_without_resource_has_none() -> None:
    """Probes and discovery have a URI only."""
    request = parse(json.dumps(_entry("get", objectRef=None, requestURI="/readyz")))

    assert request is not None
    assert (request.resource, request.uri) == ("", "/readyz")


def test_a_watch_counts_when_it_starts_and_a_refused_one_when_it_is_refused() -> None:
    """So that a running watch is counted, and none is counted twice."""
    begun = parse(json.dumps(_entry("watch", stage="ResponseStarted")))
    ended = parse(json.dumps(_entry("watch", stage="ResponseComplete")))
    refused = parse(json.dumps(_entry("watch", responseStatus={"code": 403})))

    assert begun is not None
    assert ended is None
    assert refused is not None


def test_other_stages_do_not_count() -> None:
    """A request that panicked or is not answered yet is no answered request."""
    assert parse(json.dumps(_entry("get", stage="RequestReceived"))) is None


def test_requests_can_be_limited_to_a_time_and_a_client(tmp_path: Path) -> None:
    """Both moments are included; prefixes of the user agent choose the client."""
    entries = [_entry("get", second) for second in range(5)]
    other = _entry("get", 2, userAgent="kubectl/v1.36.3")
    _, audit = _log_of(tmp_path, *entries, other)
    between = (_BEGIN + timedelta(seconds=1), _BEGIN + timedelta(seconds=3))

    assert len(audit.requests(between)) == 4
    assert len(audit.requests(between, "slipway/")) == 3
    assert audit.counts(between) == {
        ("get", "deployments.apps", "slipway"): 3,
        ("get", "deployments.apps", "kubectl"): 1,
    }


def test_marks_are_not_counted_and_later_entries_are_found(tmp_path: Path) -> None:
    """Reading goes on where it stopped."""
    server, audit = _log_of(tmp_path, _entry("get", 1))
    assert len(audit.requests()) == 1

    server.log(_entry("get", 2), _entry("list", 3))

    assert [request.verb for request in audit.requests()] == ["get", "get", "list"]


def test_a_half_written_line_is_read_when_it_is_whole(tmp_path: Path) -> None:
    """The reader may meet the server in the middle of a line."""
    server, audit = _log_of(tmp_path)
    line = json.dumps(_entry("create", 1)) + "\n"
    marks: list[str] = []

    def mark(text: str) -> None:
        # The rest of the line comes with the mark, after the reader saw its first half.
        marks.append(text)
        with server.path.open("a") as log:
            log.write(line[40:] if len(marks) == 1 else "")
        server.mark(text)

    with server.path.open("a") as log:
        log.write(line[:40])
    audit = AuditLog(server.path, mark)

    assert [request.verb for request in audit.requests()] == ["create"]


def test_writes_keep_events_and_leases_apart_and_leave_reads_out(tmp_path: Path) -> None:
    """Both kinds of Event count as Events."""
    _, audit = _log_of(
        tmp_path,
        _entry("get", 1),
        _entry("patch", 2),
        _entry("create", 3, objectRef={"resource": "events"}),
        _entry("create", 4, objectRef={"resource": "events", "apiGroup": "events.k8s.io"}),
        _entry("update", 5, objectRef={"resource": "leases", "apiGroup": "coordination.k8s.io"}),
        _entry("delete", 6, userAgent="kopf/1.45.2"),
        _entry("delete", 7, userAgent="slipway-cli/0.1.0"),
    )

    writes = audit.writes()

    assert [write.verb for write in writes.objects] == ["patch", "delete"]
    assert len(writes.events) == 2
    assert len(writes.leases) == 1
    assert "patch deployments.apps shop/api -> 200 by slipway/0.1.0" in str(writes)


def test_writes_can_be_limited_to_one_namespace(tmp_path: Path) -> None:
    """Objects of earlier tests may still be going elsewhere."""
    _, audit = _log_of(
        tmp_path,
        _entry("patch", 1, objectRef={"resource": "deployments", "namespace": "ours"}),
        _entry("delete", 2, objectRef={"resource": "deployments", "namespace": "theirs"}),
        _entry("create", 3, objectRef={"resource": "events", "namespace": "theirs"}),
    )

    writes = audit.writes().within("ours")

    assert [write.verb for write in writes.objects] == ["patch"]
    assert writes.events == ()
