"""The kinds of the operator, in one place: what is watched, and what is reconciled."""

from __future__ import annotations

from typing import Any

from slipway.engine.reconcile import Kind
from slipway.kinds.children import child_parser
from slipway.kinds.context import Context
from slipway.kinds.deployment import DeploymentKind
from slipway.kinds.deployment.view import DeploymentView
from slipway.kinds.managedimage import ManagedImageKind
from slipway.kinds.managedimage.view import ManagedImageView
from slipway.kinds.registry import RegistryKind
from slipway.kinds.registry.view import RegistryView
from slipway.kinds.warehouse import WarehouseKind
from slipway.kinds.warehouse.view import WarehouseView
from slipway.kube.resources import (
    APPS_DEPLOYMENTS,
    CONTROLLERREVISIONS,
    JOBS,
    MANAGEDIMAGES,
    REGISTRIES,
    SDEPLOYMENTS,
    SERVICES,
    WAREHOUSES,
)
from slipway.kube.watched import Watched

__all__ = ["build_kinds", "watched_kinds"]


def watched_kinds() -> tuple[Watched, ...]:
    """Everything that is watched and listed: the four kinds, and the children whose drift is repaired."""
    return (
        Watched(REGISTRIES, RegistryView.from_body),
        Watched(WAREHOUSES, WarehouseView.from_body),
        Watched(MANAGEDIMAGES, ManagedImageView.from_body),
        Watched(SDEPLOYMENTS, DeploymentView.from_body),
        Watched(APPS_DEPLOYMENTS, child_parser(APPS_DEPLOYMENTS), children_only=True),
        Watched(SERVICES, child_parser(SERVICES), children_only=True),
        Watched(JOBS, child_parser(JOBS), children_only=True),
        Watched(CONTROLLERREVISIONS, child_parser(CONTROLLERREVISIONS), children_only=True),
    )


def build_kinds(context: Context) -> tuple[Kind[Any, Any], ...]:
    """A reconciler's worth of each kind."""
    return (
        RegistryKind(context),
        WarehouseKind(context),
        ManagedImageKind(context),
        DeploymentKind(context),
    )
