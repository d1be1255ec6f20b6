"""Looks at what a Warehouse watches, as the operator does, and tells what becomes of one tag."""

from __future__ import annotations

from slipway.api.warehouse import Subscription, Warehouse
from slipway.cli.errors import Refused
from slipway.cli.reading import Told
from slipway.kinds.context import Context
from slipway.kinds.warehouse.places import still_meant
from slipway.kinds.warehouse.subscriptions.chart import ChartWatch
from slipway.kinds.warehouse.subscriptions.factory import watch_for
from slipway.kinds.warehouse.subscriptions.image import ImageWatch
from slipway.kinds.warehouse.subscriptions.watch import Moment

__all__ = ["chosen_subscription", "explain"]


async def explain(context: Context, warehouse: Warehouse, tag: str, name: str | None) -> Told:
    """Why a tag was chosen, or was not.

    Args:
        context: whose store has the Registries of the namespace.
        warehouse: as it is now; what it chose before matters.
        tag: of an image, or version of a chart.
        name: of the subscription; see `chosen_subscription`.

    Raises:
        Refused: when the subscription has no tags, or several could be meant.
    """
    subscription = chosen_subscription(warehouse, name)
    watch = watch_for(context, warehouse, subscription)
    if not isinstance(watch, ImageWatch | ChartWatch):
        msg = (
            f"Subscription {subscription.name} of Warehouse {warehouse.metadata.name} is of type"
            f" {subscription.type}, which has no tags: name one of type Image or Chart with --subscription"
        )
        raise Refused(msg)
    known = (one for one in warehouse.status.artifacts if one.name == subscription.name)
    now = context.clock.now()
    told = await watch.explain(tag, Moment(now, now), still_meant(subscription, next(known, None)))
    return Told(
        namespace=warehouse.metadata.namespace,
        warehouse=warehouse.metadata.name,
        subscription=subscription.name,
        watched=watch.place.strip(),
        tag=tag,
        verdict=told.verdict,
        sentence=told.sentence,
        position=told.position,
        candidates=told.candidates,
    )


def chosen_subscription(warehouse: Warehouse, name: str | None) -> Subscription:
    """The subscription of this name; without one, the only one that has tags.

    Raises:
        Refused: when there is none, or more than one.
    """
    with_tags = [one for one in warehouse.spec.subscriptions if one.type != "Git"]
    meant = with_tags if name is None else [one for one in warehouse.spec.subscriptions if one.name == name]
    if len(meant) == 1:
        return meant[0]
    place = f"Warehouse {warehouse.metadata.name} in namespace {warehouse.metadata.namespace}"
    there = ", ".join(one.name for one in (with_tags if name is None else warehouse.spec.subscriptions))
    if name is not None:
        msg = f"{place} has no subscription {name}: it has {there}"
    elif meant:
        msg = f"{place} has several subscriptions: name one of them with --subscription: {there}"
    else:
        msg = f"{place} has no subscription of type Image or Chart: there is no tag to explain"
    raise Refused(msg)
