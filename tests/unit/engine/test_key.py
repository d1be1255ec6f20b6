from __future__ import annotations

from slipway.engine.key import Key


def test_label_of_a_namespaced_object() -> None:
    """A key is written as kind, namespace and name."""
    assert Key("warehouses.slipway.dev", "shop", "api").label == "warehouses.slipway.dev shop/api"


def test_label_of_a_cluster_object() -> None:
    """Without a namespace there is no slash."""
    assert Key("nodes", "", "one").label == "nodes one"
