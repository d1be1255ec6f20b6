from __future__ import annotations

from datetime import UTC, datetime

from slipway.api.conditions import Reason
from slipway.engine.outcome import Waiting
from slipway.kinds.looks import Cause, Look
from slipway.kinds.registry.decide import Probe
from slipway.kinds.registry.gather import _is_new

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


def test_the_first_test_that_succeeds_is_a_thorough_one() -> None:
    """Whoever made the Registry while the registry was down sees all that it offers, too."""
    trouble = Probe(Waiting(Reason.REGISTRY_UNREACHABLE, "no connection"))
    failed: Look[Probe] = Look("1", 1, NOW, Cause.POLL, trouble, failures=1)

    assert _is_new(Cause.POLL, failed, Look("1", 1, NOW, Cause.POLL, None))
