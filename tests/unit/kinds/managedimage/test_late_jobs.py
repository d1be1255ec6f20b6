from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slipway.build.builders.contract import Failed, Run
from slipway.kinds.managedimage.decide import decide
from slipway.kinds.managedimage.facts import CancelAction, Commit, Running
from slipway.kinds.managedimage.orders import configuration_of
from slipway.kinds.managedimage.situation import ImagePlan
from tests.unit.kinds.managedimage.world import NEW, NOW, build, facts

COMMIT = "c" * 40
RUN = Run("api-1-0a1b2c3d")


def seen(reason: str, *, is_infrastructure: bool = False) -> ImagePlan:
    """The plan for a Job that failed for this reason."""
    spec: dict[str, Any] = {
        "build": {"type": "Job"},
        "source": {"git": {"url": "https://git.example.com/shop/api"}},
    }
    configuration = configuration_of(facts(**spec).image.spec)
    begun = build(1, "Building", NEW, method="Build", commit=COMMIT, configuration=configuration)
    at = facts({"phase": "Building", "builds": [begun]}, rebuild={"policy": "Manual"}, **spec)
    progress = Failed(reason, "told", is_infrastructure=is_infrastructure)
    return decide(replace(at, commit=Commit(COMMIT, "main"), sight=Running(RUN, progress)), NOW)


def test_job_whose_time_was_over_is_deleted() -> None:
    """Its pods are gone already: it would stay with nothing to tell."""
    plan = seen("BuildTimedOut")
    assert isinstance(plan.actions, CancelAction)
    assert plan.actions.run == RUN
    assert plan.status["builds"][0]["reason"] == "BuildTimedOut"


def test_job_whose_pods_are_refused_is_deleted() -> None:
    """It would make them once the quota allows it, beside those of the next attempt."""
    plan = seen("PodsRefused", is_infrastructure=True)
    assert isinstance(plan.actions, CancelAction)
    assert plan.status["builds"][0]["reason"] == "PodsRefused"
    assert "failures" not in plan.status["builds"][0]


@pytest.mark.parametrize("reason", ["BuildFailed", "RunnerFailed", "OutOfMemory"])
def test_job_that_failed_otherwise_stays_to_be_read(reason: str) -> None:
    """Its log says more than a status holds."""
    plan = seen(reason)
    assert plan.actions is None
    assert plan.status["builds"][0]["reason"] == reason
