from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from dev.cluster import Cluster
from slipway.kube.client import KubeClient


@pytest.fixture
async def kube(cluster: Cluster, crds: None) -> AsyncIterator[KubeClient]:
    """The operator's client for the real API server."""
    async with await KubeClient.connect(cluster.kubeconfig) as client:
        yield client
