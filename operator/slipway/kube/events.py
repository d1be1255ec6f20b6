"""Events about our objects (`events.k8s.io/v1`), which `kubectl describe` and `kubectl events` show."""

from __future__ import annotations

import socket
from datetime import UTC
from typing import Any
from uuid import uuid4

import structlog

from slipway.clock import Clock
from slipway.engine.reconcile import EventNote, Observed
from slipway.kube.client import KubeClient
from slipway.kube.errors import KubeError
from slipway.kube.resources import BY_KEY_KIND, EVENTS

__all__ = ["KubeEventRecorder", "event_body"]

_log = structlog.get_logger(__name__)

_CONTROLLER = "slipway.dev/operator"

# Limits of the API server (pkg/apis/core/validation/events.go), in characters or, for the note, bytes.
_LONGEST_NOTE = 1024
_LONGEST_NAME = 128
_LONGEST_OBJECT_NAME = 200


class KubeEventRecorder:
    """Posts Events; implements `slipway.engine.reconcile.EventSink`."""

    __slots__ = ("_client", "_clock", "_instance")

    def __init__(self, client: KubeClient, clock: Clock) -> None:
        """Post through the client, in the name of this host (in a pod: of the pod)."""
        self._client = client
        self._clock = clock
        self._instance = socket.gethostname()[:_LONGEST_NAME]

    async def emit(self, observed: Observed, note: EventNote) -> None:
        """Post one Event. It never raises: a notice that is lost must not fail what it tells of."""
        moment = self._clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        body = event_body(observed, note, moment=moment, instance=self._instance, token=uuid4().hex[:16])
        try:
            await self._client.create(EVENTS, observed.key.namespace, body)
        except KubeError as error:
            _log.warning("Lost an Event", object=str(observed.key), reason=note.reason, error=str(error))


def event_body(
    observed: Observed, note: EventNote, *, moment: str, instance: str, token: str
) -> dict[str, Any]:
    """The Event as the API server accepts it; what is too long for it is cut.

    Args:
        observed: what the Event is about.
        note: what is told.
        moment: RFC 3339 with microseconds, UTC.
        instance: which operator tells it.
        token: makes the name unique.
    """
    key = observed.key
    resource = BY_KEY_KIND[key.kind]
    return {
        "metadata": {"name": f"{key.name[:_LONGEST_OBJECT_NAME]}.{token}", "namespace": key.namespace},
        "eventTime": moment,
        "reportingController": _CONTROLLER,
        "reportingInstance": instance,
        "action": note.action[:_LONGEST_NAME],
        "reason": note.reason[:_LONGEST_NAME],
        "note": _cut(note.message),
        "type": note.type,
        "regarding": {
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "namespace": key.namespace,
            "name": key.name,
            "uid": observed.uid,
            "resourceVersion": observed.resource_version,
        },
    }


def _cut(message: str) -> str:
    if len(message.encode()) <= _LONGEST_NOTE:
        return message
    return message.encode()[: _LONGEST_NOTE - len("…".encode())].decode("utf-8", "ignore") + "…"
