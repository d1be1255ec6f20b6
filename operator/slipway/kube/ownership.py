"""Who owns which field of an object, as server-side apply keeps it in `metadata.managedFields`. Pure.

A create is recorded as the operation `Update`. What `Update` owns, a later apply under the same name does not
own: a field that leaves our manifest would then stay in the cluster for ever. So the record of the create is
turned into one of an apply before the first apply, as kubectl does it for what `kubectl create` made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["take_over_created_fields"]


def take_over_created_fields(metadata: Mapping[str, Any], manager: str) -> list[dict[str, Any]] | None:
    """JSON patch (RFC 6902) after which applies own what this manager's create set; None when they do.

    Args:
        metadata: of the live object.
        manager: the field manager that both creates and applies.
    """
    entries: Sequence[Mapping[str, Any]] = metadata.get("managedFields") or ()
    created = [entry for entry in entries if _is(entry, manager, "Update")]
    if not created:
        return None
    applied = [entry for entry in entries if _is(entry, manager, "Apply")]
    others = [entry for entry in entries if entry not in created and entry not in applied]
    fields: dict[str, Any] = {}
    for entry in (*created, *applied):
        fields = _union(fields, entry["fieldsV1"])
    merged = {**created[0], "operation": "Apply", "fieldsV1": fields}
    return [
        # The version makes the API server refuse the patch when somebody else has written meanwhile.
        {"op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
        {"op": "replace", "path": "/metadata/managedFields", "value": [*others, merged]},
    ]


def _is(entry: Mapping[str, Any], manager: str, operation: str) -> bool:
    return (
        entry.get("manager") == manager
        and entry.get("operation") == operation
        and not entry.get("subresource")
        and "fieldsV1" in entry
    )


def _union(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """All paths of two sets of fields (`fieldsV1` is a tree of dicts)."""
    return {
        path: _union(first.get(path, {}), second.get(path, {})) for path in dict.fromkeys((*first, *second))
    }
