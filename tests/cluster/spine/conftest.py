from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from dev.cluster import Cluster
from dev.install import install_crds
from dev.state import ClusterOptions
from slipway.kube.client import KubeClient


@pytest.fixture(scope="module")
def forgetful_cluster() -> Iterator[Cluster]:
    """A cluster without watch cache: what etcd has compacted is gone for lists and watches at once."""
    with Cluster.start(ClusterOptions(watch_cache=False)) as running:
        install_crds(running)
        yield running


@pytest.fixture
async def kube(cluster: Cluster, crds: None) -> AsyncIterator[KubeClient]:
    """The operator's client for the shared cluster."""
    async with await KubeClient.connect(cluster.kubeconfig) as client:
        yield client


@pytest.fixture
async def forgetful_kube(forgetful_cluster: Cluster) -> AsyncIterator[KubeClient]:
    """The operator's client for the cluster without watch cache, past every relay."""
    async with await KubeClient.connect(forgetful_cluster.kubeconfig) as client:
        yield client
