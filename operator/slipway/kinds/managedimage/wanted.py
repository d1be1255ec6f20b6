"""The build that the facts call for where an image is built from source, as it would be begun. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway.api.managedimage import Build, BuildBase, BuildPhase, RebuildReason
from slipway.clock import format_time
from slipway.kinds.managedimage import builds
from slipway.kinds.managedimage.builds import REASONS
from slipway.kinds.managedimage.changes import known_status
from slipway.kinds.managedimage.facts import Commit, KnownBase
from slipway.kinds.managedimage.keys import OF_PERSONS, asked_before, key_for
from slipway.kinds.managedimage.orders import configuration_of
from slipway.kinds.managedimage.pipelines import recorded_pipeline
from slipway.kinds.managedimage.words import BUILD, REBASE

if TYPE_CHECKING:
    # A situation tells how often what is wanted was tried.
    from slipway.kinds.managedimage.situation import Situation

__all__ = ["begun", "key_now", "method_now", "wanted_build"]


def wanted_build(at: Situation, reasons: tuple[RebuildReason, ...]) -> Build:
    """The build, without a number of its own yet: it gets one when it is begun."""
    commit = at.facts.commit
    method = method_now(at)
    source = at.before.source.digest if at.before.source and method == REBASE else None
    return Build(
        number=1,
        key=key_now(at),
        phase=BuildPhase.BUILDING,
        reference=at.spec.image.repository,
        reasons=_kept(reasons),
        requested_by=at.asked.by if at.asked else None,
        started_at=at.now,
        method=method,
        pipeline=recorded_pipeline(at.build.pipeline) if method == BUILD else None,
        source_digest=source,
        commit=commit.commit if isinstance(commit, Commit) else None,
        configuration=configuration_of(at.spec),
        bases=tuple(BuildBase(reference=base.reference, digest=base.digest) for base in at.known),
    )


def _kept(reasons: tuple[RebuildReason, ...]) -> tuple[RebuildReason, ...]:
    """As many as a status tells; what a person asked for stays, for further attempts are for it too."""
    asked = tuple(reason for reason in reasons if reason.type in OF_PERSONS)
    others = tuple(reason for reason in reasons if reason.type not in OF_PERSONS)
    return (*others[: REASONS - len(asked)], *asked)


def method_now(at: Situation) -> str:
    """How the image is made anew: from source, or from the last such build, with the base's layers exchanged.

    A rebase does where nothing but the one base that the image stands on has moved, and nobody asked.
    """
    if at.build.base_change == "Rebuild" or not _can_be_rebased(at):
        return BUILD
    is_refused = at.build.base_change == "RebaseOrRebuild" and key_for(at, REBASE, None) in at.tried
    return BUILD if is_refused else REBASE


def _can_be_rebased(at: Situation) -> bool:
    source = at.before.source
    if at.asked is not None or source is None or source.digest is None or source.base_digest is None:
        return False
    stood_on = [base for base in at.known if base.is_stood_on]
    if len(stood_on) != 1 or not at.reasons or any(reason.type != "Base" for reason in at.reasons):
        return False
    (moved,) = stood_on
    return _is_only_stood_on(moved) and all(
        known is None or known.built_digest in {None, base.digest} or base is moved
        for base, known in ((base, known_status(at, base)) for base in at.known)
    )


def _is_only_stood_on(base: KnownBase) -> bool:
    """Whether nothing else is taken from it, which a rebase would leave as it was."""
    return all(use.kind == "Final" for use in base.uses)


def key_now(at: Situation) -> str:
    """The key of that build. A person who asks for what failed before gets another one."""
    method, asked = method_now(at), at.asked
    if asked is None:
        again = asked_before(at)
        return key_for(at, method, None) if again is None else again.key
    key = key_for(at, method, None)
    has_ended = builds.with_key(at.before.builds, key) is not None or key in at.tried
    return key_for(at, method, format_time(asked.at)) if has_ended else key


def begun(at: Situation, wanted: Build, next_number: int) -> Build:
    """The build as it is written down: a new one, or another attempt at one that came to nothing."""
    earlier = builds.with_key(at.before.builds, wanted.key)
    if earlier is None:
        return at.renumbered(wanted, next_number)
    tries = {"attempts": (earlier.attempts or 1) + 1, "failures": earlier.failures}
    return at.taken_up(wanted, earlier).model_copy(update=tries)
