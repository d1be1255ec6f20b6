"""Why pods do not get ready, in a few words."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.kinds.deployment.pods import trouble_in


def pod(
    *, ready: bool = False, conditions: list[dict[str, str]] | None = None, **container: Any
) -> dict[str, Any]:
    """A pod with one container in this state."""
    statuses = [{"name": "app", "image": "registry.test/api", "ready": ready, **container}]
    return {"status": {"containerStatuses": statuses, "conditions": conditions or []}}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    """A state."""
    return {"waiting": {"reason": reason, "message": message}}


NO_ROOT = 'container has runAsNonRoot and image will run as root (pod: "api-1_shop(uid)", container: app)'


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (pod(state=waiting("ImagePullBackOff")), "cannot be pulled (registry.test/api)"),
        (pod(state=waiting("ErrImagePull")), "cannot be pulled (registry.test/api)"),
        (pod(state=waiting("CreateContainerConfigError", NO_ROOT)), "numeric USER"),
        (pod(state=waiting("CreateContainerConfigError", 'secret "a" not found')), 'secret "a" not found'),
        (pod(state={"terminated": {"exitCode": 3, "reason": "Error"}}), "exit code 3"),
        (
            pod(
                state=waiting("CrashLoopBackOff", "back-off 5m0s"), lastState={"terminated": {"exitCode": 3}}
            ),
            "exit code 3",
        ),
        (pod(state=waiting("CrashLoopBackOff")), "the container crashes"),
        (
            pod(
                state=waiting("CrashLoopBackOff"),
                lastState={"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
            ),
            "more memory than its limit",
        ),
        (pod(conditions=[{"type": "PodScheduled", "reason": "Unschedulable"}], ready=True), "no node takes"),
    ],
)
def test_words(given: dict[str, Any], words: str) -> None:
    """One row per kind of trouble."""
    found = trouble_in([given])

    assert found is not None
    assert words in found
    assert "api-1" not in found
    assert "5m0s" not in found


@pytest.mark.parametrize(
    "pods",
    [[], [{}], [pod(state={"running": {}})], [pod(ready=True, lastState={"terminated": {"exitCode": 1}})]],
)
def test_no_trouble(pods: list[dict[str, Any]]) -> None:
    """Pods that start, or have recovered."""
    assert trouble_in(pods) is None


def test_worst_kind_comes_first() -> None:
    """Whatever the order of the pods, so that the words do not change from look to look."""
    crash, pull = pod(state={"terminated": {"exitCode": 1}}), pod(state=waiting("ErrImagePull"))

    assert trouble_in([crash, pull]) == trouble_in([pull, crash])
