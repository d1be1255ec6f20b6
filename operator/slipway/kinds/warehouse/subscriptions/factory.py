"""Every kind of thing a Warehouse can watch: to add one, write its file, and add its line here."""

from __future__ import annotations

from slipway.api.base import parse_duration
from slipway.api.warehouse import Subscription, Warehouse
from slipway.kinds.context import Context
from slipway.kinds.warehouse.subscriptions.chart import ChartWatch
from slipway.kinds.warehouse.subscriptions.git import GitWatch
from slipway.kinds.warehouse.subscriptions.image import ImageWatch
from slipway.kinds.warehouse.subscriptions.watch import Watch

__all__ = ["watch_for"]


def watch_for(context: Context, warehouse: Warehouse, subscription: Subscription) -> Watch:
    """What looks at a subscription of a Warehouse.

    Raises:
        ValueError: when the member that its type names is missing, which the schema does not let through.
    """
    namespace, age = warehouse.metadata.namespace, parse_duration(warehouse.spec.minimum_age)
    match subscription:
        case Subscription(name=name, type="Image", image=spec) if spec is not None:
            return ImageWatch(context, namespace, name, spec, age)
        case Subscription(name=name, type="Git", git=spec) if spec is not None:
            return GitWatch(context, namespace, name, spec, age)
        case Subscription(name=name, type="Chart", chart=spec) if spec is not None:
            return ChartWatch(context, namespace, name, spec, age)
        case _:
            msg = f"subscription {subscription.name} needs the field {subscription.type.lower()}"
            raise ValueError(msg)
