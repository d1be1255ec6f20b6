"""One operator for all tests of a module: what they look at is told apart by namespaces."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dev.cluster import Cluster
from dev.operator import OperatorProcess
from tests.support.cluster import FAST
from tests.support.objects import Objects


@pytest.fixture(scope="module")
def shared_operator(cluster: Cluster, crds: None) -> Iterator[OperatorProcess]:
    """The operator, ready; it watches all namespaces."""
    with OperatorProcess(cluster, environment=FAST) as running:
        yield running


@pytest.fixture
def objects(cluster: Cluster, namespace: str) -> Objects:
    """The objects of this test's namespace."""
    return Objects(cluster.api, namespace)
