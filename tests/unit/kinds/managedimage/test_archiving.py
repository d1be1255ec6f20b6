from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from slipway.api.conditions import Reason
from slipway.engine.reconcile import Observed, StaleWrite
from slipway.kinds.context import Context
from slipway.kinds.managedimage.archive import FINALIZER
from slipway.kinds.managedimage.archiving import Archivist
from slipway.kinds.managedimage.departure import Leaving, Unheld
from slipway.kinds.managedimage.leaving import PATIENCE, hold, leave
from slipway.kinds.managedimage.situation import ImagePlan
from slipway.kube.children import Children
from slipway.kube.client import KubeClient
from slipway.kube.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    KubeError,
    NamespaceTerminating,
    Unreachable,
)
from tests.support.outside import without_cluster
from tests.unit.engine.support import ManualClock
from tests.unit.kinds.managedimage.test_leaving import EXISTING, OBSERVED, THEIRS, leaving


class Cluster:
    """Notes what is written, in order, and may refuse the archive."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.writes: list[tuple[Any, ...]] = []

    async def create(self, resource: Any, _namespace: str, body: Mapping[str, Any]) -> None:
        self._write("create", resource.plural, body["metadata"].get("uid"))

    async def apply(self, resource: Any, _namespace: str, _name: str, body: Mapping[str, Any]) -> None:
        self._write("apply", resource.plural, body["metadata"].get("uid"))

    async def give(self, _observed: Observed, finalizers: Sequence[str]) -> None:
        self.writes.append(("finalizers", *finalizers))

    def _write(self, *what: Any) -> None:
        if self.failure is not None:
            raise self.failure
        self.writes.append(what)


@pytest.fixture
async def outside() -> AsyncIterator[Context]:
    """All but the API server."""
    async with without_cluster(clock=ManualClock()) as context:
        yield context


async def carry_out(
    outside: Context, cluster: Cluster, facts: Leaving | Unheld, plan: ImagePlan
) -> ImagePlan:
    children = cast("Children", SimpleNamespace(finalizers=cluster))
    context = replace(outside, kube=cast("KubeClient", cluster), children=children)
    return await Archivist(context).apply(facts, plan)


async def depart(outside: Context, cluster: Cluster, facts: Leaving) -> ImagePlan:
    """An image that is deleted at this very moment."""
    facts = replace(facts, deleted_at=outside.clock.now())
    return await carry_out(outside, cluster, facts, leave(facts))


async def test_archive_is_written_before_the_image_goes(outside: Context) -> None:
    """Else a crash in between would lose it."""
    cluster = Cluster()
    await depart(outside, cluster, leaving())
    assert cluster.writes == [("create", "configmaps", None), ("finalizers", THEIRS)]


async def test_earlier_archive_is_replaced_by_its_uid(outside: Context) -> None:
    """What took its place meanwhile is not touched."""
    cluster = Cluster()
    await depart(outside, cluster, leaving(existing=EXISTING, is_ours=True))
    assert cluster.writes == [("apply", "configmaps", "c1"), ("finalizers", THEIRS)]


async def test_configmap_of_somebody_else_is_not_written(outside: Context) -> None:
    """The image goes all the same."""
    cluster = Cluster()
    await depart(outside, cluster, leaving(existing=EXISTING))
    assert cluster.writes == [("finalizers", THEIRS)]


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(AlreadyExists("it exists", status=409), id="somebody made one meanwhile"),
        pytest.param(Conflict("another UID", status=409), id="it is another one by now"),
    ],
)
async def test_archive_that_changed_meanwhile_is_looked_at_again(
    outside: Context, failure: KubeError
) -> None:
    """At once, and nothing has gone."""
    cluster = Cluster(failure)
    with pytest.raises(StaleWrite):
        await depart(outside, cluster, leaving())
    assert cluster.writes == []


async def test_refused_archive_keeps_the_image(outside: Context) -> None:
    """For the time being; the run says why."""
    cluster = Cluster(Forbidden("exceeded quota", status=403))
    plan = await depart(outside, cluster, leaving())
    assert cluster.writes == []
    assert plan.outcome.reason == Reason.ARCHIVE_REFUSED


async def test_archive_of_which_no_answer_came_is_looked_at_again(outside: Context) -> None:
    """It may have been written: an image that waited long for its operator must not go without it."""
    cluster, facts = Cluster(Unreachable("Server disconnected")), leaving()
    facts = replace(facts, deleted_at=outside.clock.now() - 2 * PATIENCE)
    with pytest.raises(Unreachable):
        await carry_out(outside, cluster, facts, leave(facts))
    assert cluster.writes == []


async def test_image_goes_with_its_namespace(outside: Context) -> None:
    """No second try is made in a namespace that is being deleted."""
    cluster = Cluster(NamespaceTerminating("is being terminated", status=403))
    plan = await depart(outside, cluster, leaving())
    assert cluster.writes == [("finalizers", THEIRS)]
    assert plan.events == ()


async def test_image_with_builds_gets_its_finalizer(outside: Context) -> None:
    """Nothing else is written."""
    cluster, facts = Cluster(), Unheld(OBSERVED, (THEIRS,))
    await carry_out(outside, cluster, facts, hold(facts))
    assert cluster.writes == [("finalizers", THEIRS, FINALIZER)]
