"""How a build Job goes, read from the Job and its pods. Pure.

The containers tell their end by exit code (`images/common/outcome.sh`) and termination message: the digest of
what was pushed, or why it was not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any, Final

from slipway.api.conditions import Reason
from slipway.build.builders.contract import Failed, Pending, Progress, Running, Succeeded
from slipway.clock import parse_time
from slipway.oci.digest import is_digest

__all__ = ["LONGEST_WITHOUT_POD", "ExitCode", "progress_of"]

LONGEST_WITHOUT_POD: Final = timedelta(minutes=3)
"""How long a Job may have no pod: Kubernetes makes it within seconds, where nothing refuses it."""


class ExitCode(IntEnum):
    """What `clone` and `build` end with; the digest, or the reason, is in the termination message."""

    DONE = 0
    FAILED = 1
    """What was asked for cannot be done: asking again would not help."""
    PASSING = 75
    """A host failed or cannot be reached, or there is no space left: the same order may succeed later."""
    REFUSED = 77
    """A host refuses the credential, or wants one."""


_BUILD: Final = "build"
_LAST_WORDS: Final = 200
"""Characters of a termination message that are repeated: a status keeps 256 of what is said of a build."""

_LONGEST_COMPLAINT: Final = 1024
"""Characters of what the kubelet says about a container that does not start."""

_STUCK: Final = frozenset(
    {
        "CreateContainerConfigError",
        "CreateContainerError",
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
    }
)
"""Why a container waits that will not start without help."""


def progress_of(job: Mapping[str, Any] | None, pods: Sequence[Mapping[str, Any]], now: datetime) -> Progress:
    """How the build goes.

    Args:
        job: the Job; None when it is gone, which says nothing of the build.
        pods: of the Job.
        now: the moment.
    """
    if job is None:
        message = "The Job is gone: somebody deleted it, or its namespace's quota or TTL did"
        return Failed(Reason.RUNNER_FAILED, message, is_infrastructure=True)
    conditions = {one["type"]: one for one in job.get("status", {}).get("conditions") or () if _is_true(one)}
    if "Complete" in conditions:
        return Succeeded(_digest(pods))
    if "Failed" in conditions:
        return _failed(conditions["Failed"], pods)
    return _without_pods(job, now) if not pods else _under_way(pods)


def _is_true(condition: Mapping[str, Any]) -> bool:
    return condition.get("status") == "True"


def _digest(pods: Iterable[Mapping[str, Any]]) -> str | None:
    """What the build container says it pushed."""
    for name, state in _ends(pods):
        words = str(state.get("message") or "").split()
        if name == _BUILD and words and is_digest(words[-1]):
            return words[-1]
    return None


def _failed(condition: Mapping[str, Any], pods: Sequence[Mapping[str, Any]]) -> Failed:
    if condition.get("reason") == "DeadlineExceeded":
        stuck = next(_stuck(pods), None)
        told = f" ({stuck})" if stuck else ""
        message = f"The Job took longer than build.timeout{told}"
        return Failed(Reason.BUILD_TIMED_OUT, message, is_infrastructure=stuck is not None)
    for name, state in _ends(pods):
        code = state.get("exitCode", 0)
        if code != ExitCode.DONE:
            return _ended(name, code, state)
    told = str(condition.get("message") or "it has no pod that could tell why")
    return Failed(Reason.RUNNER_FAILED, f"The Job failed: {told}", is_infrastructure=True)


def _ended(name: str, code: int, state: Mapping[str, Any]) -> Failed:
    told = _last_words(str(state.get("message") or ""))
    message = f"Container {name}: {told}" if told else f"Container {name} ended with exit code {code}"
    if state.get("reason") == "OOMKilled":
        why = "Killed for want of memory: raise build.job.resources.limits.memory"
        return Failed(Reason.OUT_OF_MEMORY, f"{why}. {message}", is_infrastructure=False)
    match code:
        case ExitCode.PASSING:
            return Failed(Reason.RUNNER_FAILED, message, is_infrastructure=True)
        case ExitCode.REFUSED:
            return Failed(Reason.AUTHENTICATION_FAILED, message, is_infrastructure=True)
        case _:
            # Killed from outside, as by an eviction or a node that goes: 128 and the number of the signal.
            return Failed(Reason.BUILD_FAILED, message, is_infrastructure=code > 128)


def _last_words(told: str) -> str:
    """As many of the last lines as there is room for: what went wrong stands at the end."""
    kept = ""
    for line in reversed(told.splitlines()):
        words = " ".join(line.split())
        longer = f"{words} {kept}".strip()
        if len(longer) > _LAST_WORDS:
            return kept or f"…{words[1 - _LAST_WORDS :]}"
        kept = longer
    return kept


def _without_pods(job: Mapping[str, Any], now: datetime) -> Progress:
    """A Job itself is taken where its pods are not, and says nothing of why."""
    counts = job.get("status") or {}
    is_held = bool((job.get("spec") or {}).get("suspend"))
    if is_held or any(counts.get(name) for name in ("active", "succeeded", "failed", "terminating")):
        return Pending()
    metadata = job["metadata"]
    if now - parse_time(metadata["creationTimestamp"]) < LONGEST_WITHOUT_POD:
        return Pending()
    message = (
        "No pod of the Job can be made: a quota, Pod Security (buildah needs baseline) or a webhook "
        f"refuses it; `kubectl get events` tells why of Job {metadata['name']}"
    )
    return Failed(Reason.PODS_REFUSED, message, is_infrastructure=True)


def _under_way(pods: Sequence[Mapping[str, Any]]) -> Pending | Running:
    statuses = [pod.get("status") or {} for pod in pods]
    return Running() if any(status.get("phase") == "Running" for status in statuses) else Pending()


def _ends(pods: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The containers that have ended, in the order in which they run."""
    for container in _containers(pods):
        ended = (container.get("state") or {}).get("terminated")
        if ended:
            yield container.get("name", ""), ended


def _stuck(pods: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for container in _containers(pods):
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") in _STUCK:
            yield f"{container.get('name')}: {waiting['reason']}: {waiting.get('message') or ''}"[
                :_LONGEST_COMPLAINT
            ]


def _containers(pods: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for pod in pods:
        status = pod.get("status") or {}
        yield from status.get("initContainerStatuses") or ()
        yield from status.get("containerStatuses") or ()
