from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from slipway.api.warehouse import ArtifactImage, Subscription, Warehouse
from slipway.engine.outcome import Waiting
from slipway.kinds.context import Context
from slipway.kinds.registry.access import AccessProblem
from slipway.kinds.warehouse.findings import Evidence, Found
from slipway.kinds.warehouse.subscriptions.chart import ChartWatch
from slipway.kinds.warehouse.subscriptions.factory import watch_for
from slipway.kinds.warehouse.subscriptions.git import GitWatch
from slipway.kinds.warehouse.subscriptions.image import ImageWatch
from slipway.kinds.warehouse.subscriptions.watch import Moment
from tests.support.outside import without_cluster

NOWHERE = cast("Context", None)
SUBSCRIPTIONS: dict[str, tuple[dict[str, Any], type]] = {
    "Image": ({"image": {"repository": "r.example.com/a", "policy": {"type": "Newest"}}}, ImageWatch),
    "Git": ({"git": {"url": "https://git.example.com/a"}}, GitWatch),
    "Chart": ({"chart": {"url": "oci://r.example.com/charts/a"}}, ChartWatch),
}
KNOWN = Found(
    "app",
    ArtifactImage(repository="r.example.com/a", tag="1", digest="sha256:" + "a" * 64),
    evidence=Evidence(None, ()),
)


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


class SpyAccess:
    """Gives nobody a client, and remembers how old its Secrets might have been."""

    since: datetime | None = None

    async def client_for(self, _namespace: str, _image: object, _registry: object, since: datetime) -> None:
        """No way."""
        self.since = since
        raise AccessProblem(Waiting("SecretNotFound", "", None))


@pytest.mark.parametrize("kind", ["Image", "Chart"])
@pytest.mark.parametrize("last", [None, KNOWN], ids=["the first look", "a routine look"])
async def test_secrets_may_be_as_old_as_the_moment_allows(kind: str, last: Found | None) -> None:
    """Whether the last finding is known or not."""
    spec, _ = SUBSCRIPTIONS[kind]
    made, now = warehouse({"name": "app", "type": kind, **spec}), datetime(2026, 11, 22, tzinfo=UTC)
    spy = SpyAccess()
    async with without_cluster() as context:
        watch = watch_for(replace(context, registries=cast("Any", spy)), made, made.spec.subscriptions[0])
        with pytest.raises(AccessProblem):
            await watch.look(Moment(now, now, timedelta(seconds=5), last), None)

    assert spy.since == now - timedelta(seconds=5)
