"""What every kind works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipway.build.builders.clients import BuilderClients
from slipway.charts.clients import ChartClients
from slipway.clock import Clock
from slipway.egress import EgressPolicy
from slipway.engine.store import Store
from slipway.git import GitClient
from slipway.kinds.lookups import Lookups
from slipway.kube.children import Children
from slipway.kube.client import KubeClient
from slipway.kube.policies import Policies
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
    lookups: Lookups
    git: GitClient
    charts: ChartClients
    builders: BuilderClients
    egress: EgressPolicy
    """What hosts may be called, for those who open connections by themselves."""

    settings: Settings
    clock: Clock
    policies: Policies
    """Which admission policies are in force."""
