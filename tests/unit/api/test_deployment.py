from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from slipway.api.deployment import Deployment, DeploymentSpec, RollingStrategy

BODY: dict[str, dict[str, Any]] = {
    "metadata": {"name": "api"},
    "spec": {"image": {"type": "Reference", "reference": "registry.example.com/shop/api:1.4.0"}},
}


def test_an_image_is_enough() -> None:
    """One pod, rolled out carefully, ten old revisions kept."""
    spec = Deployment.model_validate(BODY).spec
    assert (spec.replicas, spec.paused, spec.revision_history_limit) == (1, False, 10)
    assert (spec.progress_deadline, spec.rollback_to, spec.ports) == ("10m", None, ())
    assert (spec.strategy.type, spec.strategy.rolling) == ("Rolling", RollingStrategy())
    assert (spec.strategy.rolling.max_surge, spec.strategy.rolling.max_unavailable) == ("25%", 0)


def test_numbers_and_percentages_keep_their_types() -> None:
    """`1` is a pod and `"10%"` a share, as in apps/v1."""
    strategy = RollingStrategy.model_validate({"maxSurge": 1, "maxUnavailable": "10%"})
    assert (strategy.max_surge, strategy.max_unavailable) == (1, "10%")


@pytest.mark.parametrize("limit", [0, 51])
def test_the_history_has_its_limits(limit: int) -> None:
    """Without old revisions there would be nothing to roll back to."""
    with pytest.raises(ValidationError, match="revisionHistoryLimit"):
        DeploymentSpec.model_validate({**BODY["spec"], "revisionHistoryLimit": limit})
