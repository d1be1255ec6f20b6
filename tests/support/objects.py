"""Slipway's objects in one namespace, as a person makes them, changes them and waits for them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from dev.api import KubeApi, resource_path

__all__ = ["Body", "Objects", "condition", "ready_as"]

Body = dict[str, Any]
GROUP_VERSION = "slipway.dev/v1alpha1"


def condition(body: Body | None, kind: str) -> Body:
    """The condition of this type; empty where there is none."""
    listed = ((body or {}).get("status") or {}).get("conditions") or []
    return next((item for item in listed if item["type"] == kind), {})


def ready_as(status: str, reason: str) -> Callable[[Body | None], bool]:
    """Whether an object's Ready condition is this, for its current generation."""

    def check(body: Body | None) -> bool:
        found = condition(body, "Ready")
        return (
            body is not None
            and (found.get("status"), found.get("reason")) == (status, reason)
            and body["status"].get("observedGeneration") == body["metadata"]["generation"]
        )

    return check


@dataclass(frozen=True)
class Objects:
    """The objects of one namespace."""

    api: KubeApi
    namespace: str

    def path(self, plural: str, name: str | None = None) -> str:
        """Where the API server keeps the objects of one of our kinds."""
        return resource_path(GROUP_VERSION, plural, self.namespace, name)

    def registry(self, name: str, url: str, **spec: Any) -> Body:
        """Make a Registry that is tested every second."""
        return self._create("registries", "Registry", name, {"url": url, "interval": "1s", **spec})

    def warehouse(
        self,
        name: str,
        repository: str,
        policy: Mapping[str, Any],
        *,
        image: Mapping[str, Any] | None = None,
        **spec: Any,
    ) -> Body:
        """Make a Warehouse with one subscription, `app`, that looks every second."""
        watched = {"repository": repository, "policy": policy, **(image or {})}
        subscriptions = [{"name": "app", "type": "Image", "image": watched}]
        return self._create(
            "warehouses", "Warehouse", name, {"interval": "1s", "subscriptions": subscriptions, **spec}
        )

    def secret(
        self,
        name: str,
        data: Mapping[str, str | bytes],
        *,
        kind: str = "Opaque",
        hosts: str | None = None,
    ) -> None:
        """Make a Secret, or replace the one of this name; `hosts` is where it says that it may be sent to."""
        annotations = {"slipway.dev/allowed-hosts": hosts} if hosts is not None else {}
        path = resource_path("v1", "secrets", self.namespace)
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "annotations": annotations},
            "type": kind,
            "data": {key: base64.b64encode(_bytes(value)).decode() for key, value in data.items()},
        }
        if self.api.find(f"{path}/{name}") is None:
            self.api.create(path, body)
        else:
            self.api.replace(f"{path}/{name}", body)

    def patch(self, plural: str, name: str, body: Mapping[str, Any]) -> Body:
        """Change an object by a merge patch."""
        return self.api.patch(self.path(plural, name), body)

    def ask(self, plural: str, name: str, verb: str = "reconcile") -> str:
        """Annotate an object with a request, and return its time."""
        # What is no later than the object, in whole seconds, would have come along in its manifest.
        metadata = self.api.get(self.path(plural, name))["metadata"]
        earliest = datetime.fromisoformat(metadata["creationTimestamp"]) + timedelta(seconds=1)
        asked = max(datetime.now(UTC).replace(microsecond=0), earliest)
        moment = asked.isoformat().replace("+00:00", "Z")
        self.patch(plural, name, {"metadata": {"annotations": {f"slipway.dev/{verb}": moment}}})
        return moment

    def wait(
        self, plural: str, name: str, check: Callable[[Body | None], bool], *, timeout: float = 30.0
    ) -> Body:
        """Wait until the object is as wanted, and return it."""
        found = self.api.wait_for(self.path(plural, name), check, timeout=timeout)
        return found or {}

    def wait_ready(self, plural: str, name: str, reason: str) -> Body:
        """Wait until the object is Ready for this reason."""
        return self.wait(plural, name, ready_as("True", reason))

    def wait_not_ready(self, plural: str, name: str, reason: str) -> Body:
        """Wait until the object is not Ready for this reason; its message must be a sentence."""
        found = self.wait(plural, name, ready_as("False", reason))
        message = condition(found, "Ready")["message"]
        assert len(message) > 20, message
        assert "Traceback" not in message, message
        return found

    def events(self, name: str, reason: str) -> list[Body]:
        """The Events about an object with this reason."""
        listed = self.api.get(resource_path("events.k8s.io/v1", "events", self.namespace))
        return [
            item for item in listed["items"] if item["regarding"]["name"] == name and item["reason"] == reason
        ]

    def _create(self, plural: str, kind: str, name: str, spec: Mapping[str, Any]) -> Body:
        body = {"apiVersion": GROUP_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
        return self.api.create(self.path(plural), body)


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
