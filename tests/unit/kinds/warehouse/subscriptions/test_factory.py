from __future__ import annotations

from typing import Any, cast

import pytest

from slipway.api.warehouse import Subscription, Warehouse
from slipway.kinds.context import Context
from slipway.kinds.warehouse.subscriptions.chart import ChartWatch
from slipway.kinds.warehouse.subscriptions.factory import watch_for
from slipway.kinds.warehouse.subscriptions.git import GitWatch
from slipway.kinds.warehouse.subscriptions.image import ImageWatch

NOWHERE = cast("Context", None)
SUBSCRIPTIONS: dict[str, tuple[dict[str, Any], type]] = {
    "Image": ({"image": {"repository": "r.example.com/a", "policy": {"type": "Newest"}}}, ImageWatch),
    "Git": ({"git": {"url": "https://git.example.com/a"}}, GitWatch),
    "Chart": ({"chart": {"url": "oci://r.example.com/charts/a"}}, ChartWatch),
}


def warehouse(subscription: dict[str, Any]) -> Warehouse:
    """A Warehouse with one subscription."""
    metadata = {"name": "api", "namespace": "shop"}
    return Warehouse.model_validate({"metadata": metadata, "spec": {"subscriptions": [subscription]}})


@pytest.mark.parametrize("kind", SUBSCRIPTIONS)
def test_each_type_has_its_watch(kind: str) -> None:
    """In the namespace of its Warehouse, and under its own name."""
    spec, wanted = SUBSCRIPTIONS[kind]
    made = warehouse({"name": "app", "type": kind, **spec})

    watch = watch_for(NOWHERE, made, made.spec.subscriptions[0])

    assert isinstance(watch, ImageWatch | GitWatch | ChartWatch)
    assert type(watch) is wanted
    assert (watch.name, watch.namespace) == ("app", "shop")


@pytest.mark.parametrize("kind", SUBSCRIPTIONS)
def test_a_subscription_without_its_member_is_named(kind: str) -> None:
    """The schema lets none through; whoever meets one knows which field is missing."""
    made = warehouse({"name": "app", "type": "Git", "git": {"url": "https://git.example.com/a"}})
    bare = Subscription.model_construct(name="app", type=cast("Any", kind), image=None, git=None, chart=None)

    with pytest.raises(ValueError, match=f"subscription app needs the field {kind.lower()}"):
        watch_for(NOWHERE, made, bare)
