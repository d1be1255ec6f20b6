"""What is another than the newest image was made of, and what that leads to. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from slipway.api.managedimage import BaseStatus, BuildPhase, RebuildReason
from slipway.api.rebuilding import Reaction
from slipway.clock import format_time
from slipway.kinds.managedimage import builds
from slipway.kinds.managedimage.facts import Commit, KnownBase
from slipway.kinds.managedimage.keys import OF_PERSONS, asked_before
from slipway.kinds.managedimage.orders import configuration_of
from slipway.kinds.managedimage.words import REBUILD, by_whom, short

if TYPE_CHECKING:
    # A situation tells of its changes.
    from slipway.kinds.managedimage.situation import Situation

__all__ = ["Change", "changes_of", "known_status", "reaction_to"]

_STRENGTH: Final[tuple[Reaction, ...]] = ("Ignore", "Notify", "Rebuild")
_LONGEST: Final = 256
"""Characters of a detail."""

_NOT_BUILT: Final = "the present spec has no build of this base and source build"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference."""

    reason: RebuildReason
    reaction: Reaction


def changes_of(at: Situation) -> tuple[Change, ...]:
    """All differences, each since it was first seen."""
    before = at.before.rebuild.reasons if at.before.rebuild else ()
    known = {(reason.type, reason.detail): reason for reason in before}
    found = tuple(_of_rebase(at) if at.is_rebased else _of_build(at))
    return tuple(
        Change(known.get((one.reason.type, one.reason.detail), one.reason), one.reaction) for one in found
    )


def reaction_to(at: Situation, base: KnownBase) -> Reaction:
    """What a move of a base leads to: the strongest of what its uses ask for."""
    on = at.spec.rebuild.on
    wanted = {
        "Final": on.base,
        "Builder": on.builder_stage,
        "CopyFrom": on.copy_from,
        "Syntax": on.builder_stage,
        "Unknown": on.builder_stage,
    }
    kinds = {use.kind for use in base.uses} or {"Final"}
    return max((wanted.get(kind, on.base) for kind in kinds), key=_STRENGTH.index)


def known_status(at: Situation, base: KnownBase) -> BaseStatus | None:
    """What the status tells of a base."""
    return next((known for known in at.status.bases if known.reference == base.reference), None)


# --- a rebase of another's builds


def _of_rebase(at: Situation) -> Iterator[Change]:
    moved = [*_of_rebased_base(at), *_of_source_build(at), *_of_request(at)]
    yield from moved or [_change(at, "Configuration", _NOT_BUILT)]


def _of_rebased_base(at: Situation) -> Iterator[Change]:
    built_on = at.before.bases[0].built_digest if at.before.bases else None
    built_on = built_on or at.source.base_digest
    if built_on != at.base.digest:
        detail = f"{at.base.reference} moved from {short(built_on)} to {short(at.base.digest)}"
        yield _change(at, "Base", detail, reaction_to(at, at.base))


def _of_source_build(at: Situation) -> Iterator[Change]:
    is_made_of = builds.source_of(at.before)
    if is_made_of is not None and is_made_of != at.source.digest:
        detail = f"the source build moved from {short(is_made_of)} to {short(at.source.digest)}"
        yield _change(at, "Source", detail, at.spec.rebuild.on.source)


# --- a build from source


def _of_build(at: Situation) -> Iterator[Change]:
    yield from _of_configuration(at)
    yield from _of_commit(at)
    for base in at.known:
        yield from _of_base(at, base)
    yield from _of_request(at) if at.asked else _of_earlier_request(at)


def _of_configuration(at: Situation) -> Iterator[Change]:
    built = at.before.source.built_configuration if at.before.source else None
    if at.before.image is None or built is None:
        yield _change(at, "Configuration", "nothing was built from this source yet")
    elif built != configuration_of(at.spec):
        yield _change(at, "Configuration", "the spec asks for another build")
    elif _is_lost(at):
        yield _change(at, "Configuration", f"the registry has lost {at.before.image.reference}"[:256])


def _is_lost(at: Situation) -> bool:
    """Whether the registry was found to have the image no more."""
    number = at.before.image.build if at.before.image else None
    gone = {BuildPhase.FAILED, BuildPhase.CANCELLED}
    return any(one.number == number and one.phase in gone for one in at.before.builds)


def _of_earlier_request(at: Situation) -> Iterator[Change]:
    """A person asked, and the build has not come to its end yet."""
    build = asked_before(at)
    for reason in build.reasons if build else ():
        if reason.type in OF_PERSONS:
            yield Change(reason, "Rebuild")


def _of_commit(at: Situation) -> Iterator[Change]:
    built = at.before.source.built_commit if at.before.source else None
    commit = at.facts.commit
    if isinstance(commit, Commit) and built is not None and built != commit.commit:
        detail = f"{commit.ref.rpartition('/')[2]} moved from {built[:7]} to {commit.commit[:7]}"
        yield _change(at, "Source", detail, at.spec.rebuild.on.source)


def _of_base(at: Situation, base: KnownBase) -> Iterator[Change]:
    before = known_status(at, base)
    built = before.built_digest if before else None
    if built is not None and built != base.digest:
        detail = f"{base.reference} moved from {short(built)} to {short(base.digest)}"
        yield _change(at, "Base", detail, reaction_to(at, base))


# --- both


def _of_request(at: Situation) -> Iterator[Change]:
    asked, demanded = at.request(REBUILD), at.emergency
    if demanded is not None:
        detail = f"demanded{by_whom(demanded)} at {format_time(demanded.at)}: {demanded.reason}"
        yield _change(at, "Emergency", detail[:_LONGEST])
    if asked is not None:
        yield _change(at, "Request", f"asked for{by_whom(asked)} at {format_time(asked.at)}"[:_LONGEST])


def _change(at: Situation, kind: str, detail: str, reaction: Reaction = "Rebuild") -> Change:
    return Change(RebuildReason(type=kind, detail=detail, since=at.now), reaction)
