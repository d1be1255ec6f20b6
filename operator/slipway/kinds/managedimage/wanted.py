"""The build from source that the facts call for, as it would be begun. Pure."""

from __future__ import annotations

from slipway.api.managedimage import Build, BuildBase, BuildPhase, RebuildReason
from slipway.build.key import BuildInputs, build_key
from slipway.clock import format_time
from slipway.kinds.managedimage import builds
from slipway.kinds.managedimage.facts import Commit
from slipway.kinds.managedimage.orders import configuration_of
from slipway.kinds.managedimage.situation import Situation

__all__ = ["begun", "key_now", "wanted_build"]


def wanted_build(at: Situation, reasons: tuple[RebuildReason, ...]) -> Build:
    """The build, without a number of its own yet: it gets one when it is begun."""
    commit = at.facts.commit
    return Build(
        number=1,
        key=key_now(at),
        phase=BuildPhase.BUILDING,
        reference=at.spec.image.repository,
        reasons=reasons[:6],
        requested_by=at.asked.by if at.asked else None,
        started_at=at.now,
        method="Build",
        commit=commit.commit if isinstance(commit, Commit) else None,
        configuration=configuration_of(at.spec),
        bases=tuple(BuildBase(reference=base.reference, digest=base.digest) for base in at.known),
    )


def key_now(at: Situation) -> str:
    """The key of that build. A person who asks for what failed before gets another one."""
    key, asked = _key(at, None), at.asked
    has_ended = builds.with_key(at.before.builds, key) is not None or key in at.tried
    return _key(at, format_time(asked.at)) if asked is not None and has_ended else key


def begun(at: Situation, wanted: Build, next_number: int) -> Build:
    """The build as it is written down: a new one, or another attempt at one that came to nothing."""
    earlier = builds.with_key(at.before.builds, wanted.key)
    if earlier is None:
        return at.renumbered(wanted, next_number)
    tries = {"attempts": (earlier.attempts or 1) + 1, "failures": earlier.failures}
    return at.renumbered(wanted, earlier.number).model_copy(update=tries)


def _key(at: Situation, request: str | None) -> str:
    commit = at.facts.commit
    return build_key(
        BuildInputs(
            image=at.spec.image.repository,
            bases={base.reference: base.digest for base in at.known},
            source=commit.commit if isinstance(commit, Commit) else "",
            configuration={"method": "Build", "configuration": configuration_of(at.spec)},
            request=request,
        )
    )
