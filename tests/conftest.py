"""What every test may use. Fixtures that need a cluster start it only when a test asks for them."""

from __future__ import annotations

import gc
import os

import pytest

from dev.binaries import binaries
from tests.support.cluster import (
    cluster,
    crds,
    kubectl,
    namespace,
    operator,
    policies,
    pull_namespace,
    registry,
    relay,
    relayed_operator,
)
from tests.support.thoroughness import search_as_asked

__all__ = [
    "cluster",
    "crds",
    "kubectl",
    "namespace",
    "operator",
    "policies",
    "pull_namespace",
    "registry",
    "relay",
    "relayed_operator",
]


def pytest_configure(config: pytest.Config) -> None:
    """Make our marks known."""
    config.addinivalue_line(
        "markers", "test_bed: needs audit log, etcd, fake nodes or relay of our own clusters"
    )
    search_as_asked()
    # What is loaded and collected stays: to go through it again and again takes longer than many tests.
    gc.disable()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Collect garbage again, but only that of the tests; have the binaries, if a test will ask for them."""
    gc.freeze()
    gc.enable()
    if not session.config.option.collectonly and any(map(_needs_own_cluster, session.items)):
        # On a new machine to build them takes minutes, which the time-out of the first test would not wait.
        binaries()


def _needs_own_cluster(item: pytest.Item) -> bool:
    is_given = bool(os.environ.get("SLIPWAY_TEST_KUBECONFIG"))
    return not is_given and "cluster" in getattr(item, "fixturenames", ())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what an existing cluster cannot give."""
    if not os.environ.get("SLIPWAY_TEST_KUBECONFIG"):
        return
    skip = pytest.mark.skip(
        reason="SLIPWAY_TEST_KUBECONFIG names an existing cluster; this needs one of the test bed's own"
    )
    for item in items:
        if item.get_closest_marker("test_bed"):
            item.add_marker(skip)
