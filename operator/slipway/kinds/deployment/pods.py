"""Why pods do not get ready, in a few words. Pure.

The words name no pod, no time and no count: they would change with every look, and the status with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

__all__ = ["trouble_in"]

_PULL: Final = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
_CONFIGURATION: Final = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
_LONGEST: Final = 160
"""Characters of what the kubelet says that are repeated."""


def trouble_in(pods: Iterable[Mapping[str, Any]]) -> str | None:
    """The first trouble that a pod has, the worst kind first; None when no pod tells of one.

    Args:
        pods: live pods.
    """
    pods = list(pods)
    containers = [
        container
        for pod in pods
        for container in (pod.get("status") or {}).get("containerStatuses") or ()
        if not container.get("ready")
    ]
    words = [found for sign in _SIGNS for container in containers if (found := sign(container))]
    words += [found for pod in pods if (found := _unschedulable(pod))]
    return words[0] if words else None


def _cannot_pull(container: Mapping[str, Any]) -> str | None:
    if _waiting(container).get("reason") not in _PULL:
        return None
    return f"the image cannot be pulled ({container.get('image', '')})"


def _cannot_be_made(container: Mapping[str, Any]) -> str | None:
    waiting = _waiting(container)
    if waiting.get("reason") not in _CONFIGURATION:
        return None
    # The kubelet adds the name of the pod in parentheses.
    said = str(waiting.get("message", "")).partition(" (pod:")[0][:_LONGEST]
    if "runAsNonRoot" in said:
        return (
            f"the image does not say that it runs as another user than root ({said}): give it a numeric USER"
        )
    return f"the container cannot be made: {said}"


def _out_of_memory(container: Mapping[str, Any]) -> str | None:
    if _terminated(container).get("reason") != "OOMKilled":
        return None
    return "the container was killed because it used more memory than its limit"


def _crashes(container: Mapping[str, Any]) -> str | None:
    terminated = _terminated(container)
    if terminated:
        return f"the container ends with exit code {terminated.get('exitCode', 'unknown')}"
    return "the container crashes" if _waiting(container).get("reason") == "CrashLoopBackOff" else None


def _unschedulable(pod: Mapping[str, Any]) -> str | None:
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "Unschedulable":
            return "no node takes the pod: too little room, or none that fits"
    return None


_SIGNS: Final[tuple[Callable[[Mapping[str, Any]], str | None], ...]] = (
    _cannot_pull,  # nothing else can be known about such a container
    _cannot_be_made,  # the kubelet refuses it
    _out_of_memory,  # a crash with a cause
    _crashes,  # the application's own doing
)


def _waiting(container: Mapping[str, Any]) -> Mapping[str, Any]:
    return (container.get("state") or {}).get("waiting") or {}


def _terminated(container: Mapping[str, Any]) -> Mapping[str, Any]:
    now, before = container.get("state") or {}, container.get("lastState") or {}
    return now.get("terminated") or before.get("terminated") or {}
