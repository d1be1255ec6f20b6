"""The operator at work behind the policies."""

from __future__ import annotations

import time

import pytest

from dev.cluster import Cluster
from dev.operator import OperatorProcess
from slipway.clock import SystemClock, format_time
from tests.cluster.policies.people import Person, asked, stamp

pytestmark = [pytest.mark.usefixtures("policies"), pytest.mark.test_bed]


def test_a_stamped_request_is_one_look(
    cluster: Cluster, operator: OperatorProcess, admin: Person, dev: Person
) -> None:
    """The stamp comes with the request, in one change; and the operator's own writes pass."""
    dev.make()
    settled = cluster.api.wait_for(
        dev.image, lambda body: bool(body and body.get("status", {}).get("conditions"))
    )
    assert settled is not None
    begin = SystemClock().now()
    # Later than the creation, which has whole seconds, and not too far ahead.
    moment = settled["metadata"]["creationTimestamp"]
    while format_time(SystemClock().now()) <= moment:
        time.sleep(0.01)
    at = format_time(SystemClock().now())

    assert dev.merge({asked("reconcile"): at})[stamp("reconcile")] == "dev"

    answered = cluster.api.wait_for(
        dev.image,
        lambda body: any(entry["at"] == at for entry in (body or {})["status"].get("handledRequests", ())),
    )
    assert answered is not None
    assert answered["metadata"]["annotations"] == {asked("reconcile"): at, stamp("reconcile"): "dev"}
    writes = cluster.audit.writes((begin, SystemClock().now())).within(dev.namespace)
    assert len(writes.objects) == 1, str(writes)
