from __future__ import annotations

import pytest

from dev.registry import Registry
from tests.cluster.kinds.deployment.apps import Apps
from tests.support.objects import Objects


@pytest.fixture
def apps(objects: Objects, registry: Registry) -> Apps:
    """The Deployments of this test's namespace."""
    return Apps(objects, registry)
