"""What the store keeps of the children of our objects: enough to wake their owner when they change."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from typing_extensions import override

from slipway.engine.key import Key
from slipway.engine.view import PlainView, Urgency, View
from slipway.kinds.childnews import Told, told_by
from slipway.kube.resources import MANAGEDIMAGES, SDEPLOYMENTS, Resource

__all__ = ["ChildView", "child_parser"]

_OWNERS: Final = MappingProxyType(
    {(kind.api_version, kind.kind): kind for kind in (SDEPLOYMENTS, MANAGEDIMAGES)}
)


@dataclass(frozen=True, slots=True)
class ChildView(PlainView):
    """A child. Decisions read children live, so nothing of their content is kept."""

    key: Key
    uid: str
    resource_version: int
    generation: int
    owner: Key | None
    """The object of ours that controls it."""

    told: Told | None = None
    """What it tells its owner; None where every new version of it does."""

    @property
    def wish(self) -> bytes:
        """Not kept: nobody listens to it."""
        return b""

    @property
    def status_hash(self) -> bytes:
        """Not kept, see `wish`."""
        return b""

    @property
    def topics(self) -> tuple[Hashable, ...]:
        """Nobody looks for it."""
        return ()

    @property
    def listens(self) -> tuple[Hashable, ...]:
        """It has no reconcile of its own."""
        return ()

    @override
    def concerns_owner(self, before: View) -> Urgency:
        if not isinstance(before, ChildView) or self.told is None or before.told is None:
            return Urgency.AT_ONCE
        return self.told.urgency(before.told)


def child_parser(resource: Resource) -> Callable[[Mapping[str, Any]], ChildView]:
    """What makes views of live objects of this kind."""
    told = told_by(resource)

    def parse(body: Mapping[str, Any]) -> ChildView:
        metadata = body["metadata"]
        namespace = metadata.get("namespace", "")
        return ChildView(
            key=Key(resource.key_kind, namespace, metadata["name"]),
            uid=metadata.get("uid", ""),
            resource_version=int(metadata.get("resourceVersion") or 0),
            generation=metadata.get("generation", 0),
            owner=_owner(namespace, metadata),
            told=told(body) if told else None,
        )

    return parse


def _owner(namespace: str, metadata: Mapping[str, Any]) -> Key | None:
    for reference in metadata.get("ownerReferences") or ():
        kind = _OWNERS.get((reference["apiVersion"], reference["kind"]))
        if kind is not None and reference.get("controller"):
            return Key(kind.key_kind, namespace, reference["name"])
    return None
