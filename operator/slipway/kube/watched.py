"""What the operator keeps an eye on: kinds of objects, which of them, and how one becomes a view."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from slipway.engine.view import View
from slipway.kube.resources import Resource

__all__ = ["MANAGED_LABEL", "Watched", "is_managed"]

_log = structlog.get_logger(__name__)

MANAGED_LABEL = "slipway.dev/managed"
"""On every child, with the value `true`: what the watches on children select by."""


def is_managed(body: Mapping[str, Any]) -> bool:
    """Whether a live object has that label: without it no watch on children shows it."""
    return (body["metadata"].get("labels") or {}).get(MANAGED_LABEL) == "true"


@dataclass(frozen=True, slots=True)
class Watched:
    """One kind that is watched and listed."""

    resource: Resource
    parse: Callable[[Mapping[str, Any]], View]
    """A live object to its view. Runs in the thread of the watches, for every object: it must be quick."""
    children_only: bool = False
    """Whether only what the operator made is of interest; what others made is then never even sent to us."""

    @property
    def label_selector(self) -> str | None:
        """Narrows the kind on the API server."""
        return f"{MANAGED_LABEL}=true" if self.children_only else None

    def view(self, body: Mapping[str, Any]) -> View | None:
        """The view of a live object; None, and a line in the log, when it cannot be read.

        One unreadable object must not end the watch of its kind.
        """
        try:
            return self.parse(body)
        except Exception as error:  # noqa: BLE001  # whatever is wrong with it, all others are still to be seen
            metadata = body.get("metadata") or {}
            _log.warning(
                "Ignored an object that cannot be read",
                kind=self.resource.key_kind,
                namespace=metadata.get("namespace"),
                name=metadata.get("name"),
                error=repr(error),
            )
            return None

    def selects(self, body: Mapping[str, Any]) -> bool:
        """Whether a live object is one that the watch would show."""
        return not self.children_only or is_managed(body)
