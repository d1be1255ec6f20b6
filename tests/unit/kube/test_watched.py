from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from slipway.engine.view import View
from slipway.kube.resources import APPS_DEPLOYMENTS, WAREHOUSES
from slipway.kube.watched import Watched
from tests.support.spine import SpineView, warehouse


def live(**metadata: Any) -> dict[str, Any]:
    """A live Warehouse."""
    made = warehouse("api")
    place = {"namespace": "shop", "uid": "uid-1", "resourceVersion": "12", "generation": 1}
    return {**made, "metadata": {**made["metadata"], **place, **metadata}}


def refuse(body: object) -> View:
    """A parser that finds nothing to its taste."""
    raise KeyError(body)


def test_an_object_becomes_its_view() -> None:
    """The parser of the kind reads it."""
    view = Watched(WAREHOUSES, SpineView.from_body).view(live())

    assert view is not None
    assert (view.key.name, view.resource_version) == ("api", 12)


def test_an_object_that_cannot_be_read_is_logged_and_left_out() -> None:
    """One such object must not end the watch of its kind."""
    with capture_logs() as logs:
        assert Watched(WAREHOUSES, refuse).view(live()) is None

    (line,) = logs
    assert (line["log_level"], line["namespace"], line["name"]) == ("warning", "shop", "api")


@pytest.mark.parametrize(
    ("labels", "want"), [(None, False), ({}, False), ({"slipway.dev/managed": "true"}, True)]
)
def test_of_other_peoples_kinds_only_our_children_are_seen(labels: dict[str, str] | None, want: bool) -> None:
    """The label decides, on the API server and for single objects alike."""
    children = Watched(APPS_DEPLOYMENTS, SpineView.from_body, children_only=True)

    assert children.label_selector == "slipway.dev/managed=true"
    assert children.selects(live(labels=labels)) is want
    assert Watched(WAREHOUSES, SpineView.from_body).selects(live(labels=labels))
