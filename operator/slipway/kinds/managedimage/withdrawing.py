"""What becomes of a request to cancel a build that is not under way, but waits or is repeated. Pure."""

from __future__ import annotations

from slipway.api.managedimage import Build
from slipway.engine.requests import Request
from slipway.kinds.managedimage.archive import highest_number
from slipway.kinds.managedimage.ending import cancelled
from slipway.kinds.managedimage.facts import Commit
from slipway.kinds.managedimage.keys import is_unfinished, is_wanted
from slipway.kinds.managedimage.situation import ImagePlan, Situation
from slipway.kinds.managedimage.wanted import begun, wanted_build
from slipway.kinds.managedimage.words import CANCEL, by_whom

__all__ = ["end_before_it_begins", "end_between_attempts", "is_named"]


def is_named(asked: Request, build: Build) -> bool:
    """Whether a request to cancel is for this build; one that names none is for whichever there is."""
    return asked.arguments.get("build", str(build.number)) == str(build.number)


def end_between_attempts(at: Situation) -> ImagePlan | None:
    """The end of a build that failed, and would be tried again."""
    asked, build = at.request(CANCEL), _to_be_repeated(at)
    if asked is None or build is None or not is_named(asked, build):
        return None
    return cancelled(at, build, f"cancelled{by_whom(asked)} between two attempts")


def end_before_it_begins(at: Situation) -> ImagePlan | None:
    """The end of a build that is due, and has no number yet: it gets one, and a record that says so."""
    asked = at.request(CANCEL)
    if asked is None or "build" in asked.arguments or not _was_told(at):
        return None
    if at.asked is not None and at.asked.at > asked.at:
        return None  # whoever wanted none has changed their mind, or somebody else wants one
    reasons = tuple(one.reason for one in at.changes if one.reaction != "Ignore")
    build = begun(at, wanted_build(at, reasons), highest_number(at.before) + 1)
    return cancelled(at, build, f"cancelled{by_whom(asked)} before it began")


def _to_be_repeated(at: Situation) -> Build | None:
    """The build whose next attempt is waited for; where the inputs are not known now, what failed last."""
    failed = (build for build in at.before.builds if is_unfinished(at, build))
    if not _knows_inputs(at):
        return next(failed, None) if _was_told(at) else None
    return next((build for build in failed if is_wanted(at, build)), None) if at.reasons else None


def _knows_inputs(at: Situation) -> bool:
    has_commit = at.spec.source is None or isinstance(at.facts.commit, Commit)
    return has_commit and at.missing is None and not at.spec.suspend


def _was_told(at: Situation) -> bool:
    """Whether the status said that a build is due when it was last written."""
    return at.before.rebuild is not None and bool(at.before.rebuild.reasons)
