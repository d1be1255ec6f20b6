"""Which commit is built."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.api.managedimage import ManagedImage
from slipway.engine.outcome import Waiting
from slipway.engine.store import Store
from slipway.kinds.managedimage.automatic import wanted_source
from slipway.kinds.managedimage.commit import find_commit
from slipway.kinds.managedimage.facts import Commit
from slipway.kinds.warehouse.view import WarehouseView
from tests.unit.kinds.managedimage.sources import COMMIT, facts

URL = "https://git.example.com/shop.git"
IMAGE = facts().image
assert IMAGE.spec.source is not None
NAME = wanted_source(IMAGE.spec.source).name


def warehouse(
    *, name: str = NAME, namespace: str = "shop", url: str = URL, found: str | None = COMMIT
) -> WarehouseView:
    """A Warehouse that follows a branch, and what it has found there."""
    git: dict[str, Any] = {"url": url, "branch": "main"}
    artifact = {"name": "source", "git": {"url": URL, "ref": "refs/heads/main", "commit": found}}
    return WarehouseView.from_body(
        {
            "metadata": {"name": name, "namespace": namespace, "resourceVersion": "1"},
            "spec": {"subscriptions": [{"name": "source", "type": "Git", "git": git}]},
            "status": {"artifacts": [artifact]} if found else {},
        }
    )


def find(*views: WarehouseView, image: ManagedImage = IMAGE) -> object:
    store = Store()
    for view in views:
        store.put(view)
    return find_commit(image, store)


def test_commit_is_what_the_warehouse_of_the_branch_has_found() -> None:
    """With the name under which it can be fetched."""
    assert find(warehouse()) == Commit(COMMIT, "refs/heads/main")


@pytest.mark.parametrize(
    ("views", "told"),
    [
        pytest.param((), f"follows {URL} is being made", id="there is no Warehouse yet"),
        pytest.param((warehouse(namespace="other"),), "is being made", id="there is one elsewhere"),
        pytest.param((warehouse(name="mine"),), "is being made", id="there is one of another name"),
        pytest.param((warehouse(found=None),), f"describe warehouse {NAME}", id="it has found nothing yet"),
        pytest.param(
            (warehouse(url="https://git.example.com/other.git"),),
            f"describe warehouse {NAME}",
            id="what it has found is of another repository",
        ),
    ],
)
def test_commit_that_is_not_known_is_waited_for(views: tuple[WarehouseView, ...], told: str) -> None:
    """News of the Warehouse wake the image, so that no time is set."""
    found = find(*views)
    assert isinstance(found, Waiting)
    assert (found.reason, found.until) == ("WarehouseNotReady", None)
    assert told in found.message


def test_image_that_is_not_built_from_source_has_no_commit() -> None:
    """And no Warehouse is asked for one."""
    assert find(warehouse(), image=facts(source=None).image) is None
