"""The keys of the present inputs of a build, and what becomes of the builds that have them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from slipway.api.conditions import Reason
from slipway.api.managedimage import Build, BuildPhase
from slipway.build.key import BuildInputs, build_key
from slipway.clock import format_time
from slipway.kinds.managedimage.builds import GOOD
from slipway.kinds.managedimage.facts import Commit
from slipway.kinds.managedimage.orders import configuration_of
from slipway.kinds.managedimage.words import BUILD, EMERGENCY, REBASE, REBUILD

if TYPE_CHECKING:
    # A situation tells of its changes, and those of what was asked for.
    from slipway.kinds.managedimage.situation import Situation

__all__ = [
    "OF_PERSONS",
    "asked_before",
    "is_asked_for",
    "is_emergency",
    "is_unfinished",
    "is_wanted",
    "key_for",
]

OF_PERSONS: Final = frozenset({"Request", "Emergency"})
"""The types of reasons that say that a person asked."""


def key_for(at: Situation, method: str, request: str | None) -> str:
    """The key of the present inputs.

    Args:
        at: the moment.
        method: how it is built.
        request: the time of the request that it is built for, where the inputs alone were built before.
    """
    commit = at.facts.commit
    configuration = {"method": method, "configuration": configuration_of(at.spec)}
    if method == REBASE:
        configuration["allowRun"] = str(at.allows_run)
    return build_key(
        BuildInputs(
            image=at.spec.image.repository,
            bases={base.reference: base.digest for base in at.known},
            source=commit.commit if isinstance(commit, Commit) else "",
            configuration=configuration,
            request=request,
        )
    )


def is_wanted(at: Situation, build: Build) -> bool:
    """Whether a build is one of the present inputs: as such, or for a request that was answered."""
    return build.key in _keys(at, build.method)


def is_unfinished(at: Situation, build: Build | None) -> bool:
    """Whether another attempt is to follow the one that failed."""
    if build is None or build.phase != BuildPhase.FAILED or build.reason == Reason.SUPERSEDED:
        return False
    return build.key not in at.tried


def asked_before(at: Situation) -> Build | None:
    """The build of the present inputs that a person asked for, where it is to be tried again.

    The request was answered when the first attempt began; the other attempts are for it too, unless what was
    asked for once more has come to a good end since.
    """
    keys = _keys(at, BUILD)
    known = [build for build in at.before.builds if build.key in keys]
    asked = (build for build in known if _has_reason(build, OF_PERSONS) and is_unfinished(at, build))
    return next((build for build in asked if not _is_fulfilled(build, known)), None)


def _is_fulfilled(failed: Build, known: Iterable[Build]) -> bool:
    """Whether a build of the same inputs has ended well after this one failed."""
    return any(build.phase in GOOD and _end_of(build) > _end_of(failed) for build in known)


def _end_of(build: Build) -> datetime:
    return build.finished_at or build.started_at


def is_asked_for(at: Situation) -> bool:
    """Whether a person wants the build that is due."""
    return at.asked is not None or asked_before(at) is not None


def is_emergency(at: Situation) -> bool:
    """Whether a person demands the build that is due at once; so is every attempt at what was demanded."""
    again = asked_before(at)
    return at.emergency is not None or (again is not None and _has_reason(again, {"Emergency"}))


def _has_reason(build: Build, types: Collection[str]) -> bool:
    return any(reason.type in types for reason in build.reasons)


def _keys(at: Situation, method: str) -> frozenset[str]:
    """The key of the inputs alone, and those for the requests that were answered last."""
    answered = (at.answered(verb) for verb in (REBUILD, EMERGENCY))
    requests = (None, *(format_time(time) for time in answered if time is not None))
    return frozenset(key_for(at, method, request) for request in requests)
