"""Whether the operator finds the policies as a real API server shows them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import structlog

from dev.api import resource_path
from dev.cluster import Cluster
from dev.install import install_policies, remove_policies
from slipway.api.policies.shipped import EMERGENCY_REBUILD, JOB_BUILD, REQUESTED_BY
from slipway.clock import SystemClock
from slipway.kube.client import KubeClient
from slipway.kube.policies import Policies
from tests.cluster.policies.people import TIME, Person, asked, stamp

pytestmark = [pytest.mark.usefixtures("crds"), pytest.mark.test_bed]

NAMES = (REQUESTED_BY, EMERGENCY_REBUILD, JOB_BUILD)


@pytest.fixture
async def kube(cluster: Cluster) -> AsyncIterator[KubeClient]:
    """The operator's client."""
    async with await KubeClient.connect(cluster.kubeconfig) as client:
        yield client


@pytest.fixture
def installed(cluster: Cluster) -> Iterator[None]:
    """The policies, for one test, which may spoil them."""
    install_policies(cluster)
    yield
    remove_policies(cluster)


async def found(kube: KubeClient) -> dict[str, bool]:
    """What a new look says of each."""
    policies = Policies(kube, SystemClock())
    return {name: await policies.installed(name) for name in NAMES}


async def test_where_nothing_was_applied_nothing_is_installed(kube: KubeClient) -> None:
    """So no name is believed."""
    assert await found(kube) == dict.fromkeys(NAMES, False)


@pytest.mark.usefixtures("installed")
async def test_what_was_applied_is_installed(kube: KubeClient) -> None:
    """The server's own additions make no difference."""
    assert await found(kube) == dict.fromkeys(NAMES, True)


@pytest.mark.usefixtures("installed")
async def test_whatever_was_changed_is_not(cluster: Cluster, kube: KubeClient) -> None:
    """A binding that only warns, one for some namespaces, a policy that looks away when it fails."""
    group = "admissionregistration.k8s.io/v1"
    cluster.api.patch(
        resource_path(group, "validatingadmissionpolicybindings", name=EMERGENCY_REBUILD),
        {"spec": {"validationActions": ["Warn"]}},
    )
    selector = {"matchResources": {"namespaceSelector": {"matchLabels": {"team": "shop"}}}}
    cluster.api.patch(
        resource_path(group, "mutatingadmissionpolicybindings", name=REQUESTED_BY), {"spec": selector}
    )
    cluster.api.patch(
        resource_path(group, "validatingadmissionpolicies", name=JOB_BUILD),
        {"spec": {"failurePolicy": "Ignore"}},
    )
    assert await found(kube) == dict.fromkeys(NAMES, False)


@pytest.mark.usefixtures("installed")
async def test_an_operator_that_may_not_look_believes_nobody(cluster: Cluster) -> None:
    """And says which rule its role lacks."""
    async with await KubeClient.connect(cluster.plain_kubeconfig) as kube:
        with structlog.testing.capture_logs() as lines:
            assert await found(kube) == dict.fromkeys(NAMES, False)
    assert {line["add_to_cluster_role"].split()[3] for line in lines} == {
        "[mutatingadmissionpolicies],",
        "[mutatingadmissionpolicybindings],",
        "[validatingadmissionpolicies],",
        "[validatingadmissionpolicybindings],",
    }


def test_a_request_from_before_the_policies_has_no_name(cluster: Cluster, admin: Person) -> None:
    """Nobody saw who made it, and a later write by somebody else does not make it theirs."""
    admin.make({asked(): TIME})
    install_policies(cluster)
    try:
        assert admin.merge({"note": "x"}) == {asked(): TIME, "note": "x"}
        assert admin.merge({stamp(): "mallory"}) == {asked(): TIME, "note": "x"}
    finally:
        remove_policies(cluster)
