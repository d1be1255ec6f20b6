"""Which commit is built: what the Warehouse that follows the branch has found. Looks only into the store."""

from __future__ import annotations

from slipway.api.conditions import Reason
from slipway.api.managedimage import ManagedImage
from slipway.engine.outcome import Waiting
from slipway.kinds.managedimage.automatic import wanted_source
from slipway.kinds.managedimage.bases import Lookup
from slipway.kinds.managedimage.facts import Commit, Problem
from slipway.kinds.warehouse.view import WarehouseView, warehouse_key

__all__ = ["find_commit"]


def find_commit(image: ManagedImage, store: Lookup) -> Commit | Problem | None:
    """The newest commit of the branch, or why it is not known; None where nothing is built from source."""
    if image.spec.source is None:
        return None
    name = wanted_source(image.spec.source).name
    view = store.get(warehouse_key(image.metadata.namespace, name))
    if not isinstance(view, WarehouseView):
        message = f"A Warehouse that follows {image.spec.source.git.url} is being made"
        return Waiting(Reason.WAREHOUSE_NOT_READY, message)
    if not view.commits:
        message = (
            f"Warehouse {name} has not found a commit of {image.spec.source.git.branch} in "
            f"{image.spec.source.git.url} yet; `kubectl describe warehouse {name}` says why"
        )
        return Waiting(Reason.WAREHOUSE_NOT_READY, message)
    found = view.commits[0]
    return Commit(found.commit, found.ref)
