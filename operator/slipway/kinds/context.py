"""What every kind works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipway.clock import Clock
from slipway.engine.store import Store
from slipway.kube.children import Children
from slipway.kube.client import KubeClient
from slipway.settings import Settings

if TYPE_CHECKING:
    # The package of the Registry kind itself needs the context.
    from slipway.kinds.registry.access import RegistryAccess

__all__ = ["Context"]


@dataclass(frozen=True, slots=True)
class Context:
    """The collaborators that all kinds share."""

    kube: KubeClient
    children: Children
    store: Store
    registries: RegistryAccess
    settings: Settings
    clock: Clock
