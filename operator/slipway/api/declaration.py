"""How a kind appears to people and to kubectl: names, columns, subresources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["CATEGORY", "GROUP", "PHASE", "READY_COLUMNS", "VERSION", "Column", "Declaration", "Scale"]

GROUP: Final = "slipway.dev"
"""The API group of all kinds."""

VERSION: Final = "v1alpha1"
"""The one version that is served and stored."""

CATEGORY: Final = "slipway"
"""`kubectl get slipway` lists the objects of all kinds."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of `kubectl get`."""

    name: str
    path: str
    """JSONPath from the root of the object; the first hit is shown."""

    description: str
    type: Literal["string", "integer", "boolean", "date"] = "string"
    wide: bool = False
    """Shown only with `-o wide`."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Where `kubectl scale` and autoscalers find their numbers."""

    spec_replicas: str
    status_replicas: str
    label_selector: str


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the CRD of a kind says beside the schema."""

    kind: str
    plural: str
    short_name: str
    columns: tuple[Column, ...]
    scale: Scale | None = None
    selectable: tuple[str, ...] = ()
    """What `kubectl get --field-selector` can choose by, beside name and namespace."""


PHASE: Final = ".status.phase"
"""Where the kinds that have a phase keep it."""


def _of_ready(field: str) -> str:
    return f'.status.conditions[?(@.type=="Ready")].{field}'


READY_COLUMNS: Final = (
    Column("Ready", _of_ready("status"), "Whether the object is as its spec wants it"),
    Column("Reason", _of_ready("reason"), "Why it is ready or not"),
    Column("Age", ".metadata.creationTimestamp", "Time since the object was made", type="date"),
    Column("Message", _of_ready("message"), "What happened, and what to do", wide=True),
)
"""The columns that close the row of each kind."""
