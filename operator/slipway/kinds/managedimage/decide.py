"""What to do about a ManagedImage: pure, an ordered list of verdicts, of which the first to speak counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from slipway.api.conditions import Reason
from slipway.api.managedimage import Build, BuildBase, BuiltImage, ManagedImagePhase
from slipway.clock import format_time
from slipway.engine.outcome import EventNote, Stalled, Waiting
from slipway.engine.reconcile import Plan
from slipway.kinds.managedimage import builds
from slipway.kinds.managedimage.beginning import BUILDING_VERDICTS
from slipway.kinds.managedimage.conclude import superseded
from slipway.kinds.managedimage.departure import Leaving, Unheld
from slipway.kinds.managedimage.facts import Facts, PromoteAction, RebaseAction, Source
from slipway.kinds.managedimage.leaving import hold, leave
from slipway.kinds.managedimage.orders import configuration_of
from slipway.kinds.managedimage.permits import (
    nothing_is_due,
    refuse_cycle,
    refuse_floating_tag_of_a_build,
    stay_suspended,
    wait_for_base,
    yield_to_rival,
)
from slipway.kinds.managedimage.promotion import announced
from slipway.kinds.managedimage.situation import (
    AT_ONCE,
    ImagePlan,
    Situation,
    as_json,
    conditions_of,
    current,
    plan,
)
from slipway.kinds.managedimage.tracked import TRACKING_VERDICTS
from slipway.kinds.managedimage.underway import UNDER_WAY_VERDICTS
from slipway.kinds.managedimage.waiting import emergency_notes, keep_distance, wait_for_person, wait_for_time
from slipway.kinds.managedimage.words import REBUILD

__all__ = ["decide", "needs_evidence", "needs_look", "needs_registry"]


def needs_registry(facts: Facts) -> bool:
    """Whether the source build has to be looked at before anything can be decided.

    Not while a build is under way (it goes on with what it was begun with) nor while nothing has changed.
    """
    at = Situation(facts, facts.observed.created_at)
    if at.spec.role != "Managed" or facts.claimed_by or not at.is_rebased:
        return False
    if not at.known or at.missing or builds.under_way(at.before.builds):
        return False
    stands_on = at.before.bases[0].built_digest if at.before.bases else None
    is_current = at.before.phase == ManagedImagePhase.CURRENT and stands_on == at.base.digest
    return at.spec_changed or not is_current or at.before.image is None or bool(facts.requests)


def needs_evidence(facts: Facts) -> bool:
    """Whether labels and provenance of an image have to be read: nobody else names what it stands on."""
    at = Situation(facts, facts.observed.created_at)
    if at.spec.suspend or facts.claimed_by:
        return False
    if at.spec.role != "Managed":
        read = at.before.source.told_digest if at.before.source else None
        return any(base.digest != read for base in at.known)
    if not at.is_rebased or at.spec.bases or builds.under_way(at.before.builds):
        return False
    return not facts.bases or needs_registry(facts)


def needs_look(facts: Facts) -> Build | None:
    """The build from source that is under way, if any: its builder has to be asked."""
    build = builds.under_way(facts.image.status.builds)
    return build if build is not None and build.method == "Build" else None


def decide(facts: Facts | Leaving | Unheld, now: datetime) -> ImagePlan:
    """The plan for one ManagedImage at one moment."""
    if isinstance(facts, Leaving):
        return leave(facts)
    if isinstance(facts, Unheld):
        return hold(facts)
    situation = Situation(facts, now)
    verdicts = _verdicts(situation)
    return next(found for verdict in verdicts if (found := verdict(situation)) is not None)


def _verdicts(at: Situation) -> Sequence[Callable[[Situation], ImagePlan | None]]:
    if at.facts.sight is not None:
        return UNDER_WAY_VERDICTS
    if at.spec.role != "Managed":
        return TRACKING_VERDICTS
    return _VERDICTS if at.is_rebased else (_drop_rebase, _go_on_building, *BUILDING_VERDICTS)


def _drop_outdated_build(at: Situation) -> ImagePlan | None:
    build = builds.under_way(at.before.builds)
    if build is None or not at.spec_changed or _is_still_wanted(at, build):
        return None
    return superseded(at, build, "the spec changed after it was begun")


def _drop_rebase(at: Situation) -> ImagePlan | None:
    """A rebase of a build from source that the spec no longer asks for."""
    build = builds.under_way(at.before.builds)
    if build is None or not at.spec_changed:
        return None
    is_meant = at.build.base_change != "Rebuild" and build.configuration == configuration_of(at.spec)
    return None if is_meant else superseded(at, build, "the spec changed after it was begun")


def _go_on_building(at: Situation) -> ImagePlan | None:
    build = builds.under_way(at.before.builds)
    if build is None:
        return None
    outcome = Waiting(Reason.BUILDING, f"Build {build.number} is under way", AT_ONCE)
    actions, events = _rebase(at, build), at.facts.complaints
    return Plan(
        status=as_json(at.before),
        outcome=outcome,
        actions=actions,
        events=events,
        conditions=conditions_of(at, at.before),
    )


def _wait_for_source(at: Situation) -> ImagePlan | None:
    if at.facts.source is None or isinstance(at.facts.source, Source):
        return None
    phase = ManagedImagePhase.FAILED if isinstance(at.facts.source, Stalled) else ManagedImagePhase.WAITING
    return plan(at, at.status, at.facts.source, phase)


def _nothing_changed(at: Situation) -> ImagePlan | None:
    return current(at, at.status) if at.facts.source is None else None


def _source_is_current(at: Situation) -> ImagePlan | None:
    if at.source.base_digest != at.base.digest:
        return None
    reference = f"{at.spec.image.repository}:{builds.source_tag(at.facts.image)}"
    image = at.before.image
    if image is None or (image.reference, image.digest) != (reference, at.source.digest):
        image = BuiltImage(reference=reference, digest=at.source.digest, created_at=at.now)
    return _promote(at, image)


def _build_is_there(at: Situation) -> ImagePlan | None:
    build = builds.succeeded(at.before.builds, at.wanted)
    return None if build is None else _promote(at, at.image_of(build))


def _build_failed_before(at: Situation) -> ImagePlan | None:
    if at.wanted.key not in at.tried:
        return None
    failed = builds.failed(at.before.builds, at.wanted)
    reason = failed.reason if failed else None
    told = (
        f"Build {failed.number}: {failed.message}" if failed else "These inputs were built before and failed"
    )
    outcome = Stalled(reason or Reason.BUILD_FAILED, f"{told} {_HOW_TO_REPEAT}")
    return plan(at, at.due("not tried again: it failed before"), outcome, ManagedImagePhase.FAILED)


def _begin_build(at: Situation) -> ImagePlan:
    build = at.begun
    due = at.due(f"build {build.number} is under way: {at.why}", begun=build)
    status = due.model_copy(update={"builds": builds.put(due.builds, build)})
    note = EventNote(Reason.BUILD_STARTED, f"Began build {build.number}: {at.why}")
    outcome = Waiting(Reason.BUILDING, f"Build {build.number} is under way", AT_ONCE)
    notes = (*emergency_notes(at, build), note)
    return plan(at, status, outcome, ManagedImagePhase.BUILDING, notes, rebuild="Started")


_VERDICTS: Final[tuple[Callable[[Situation], ImagePlan | None], ...]] = (
    _drop_outdated_build,  # a build that the spec no longer asks for
    refuse_floating_tag_of_a_build,  # what the schema cannot see
    _go_on_building,  # any other build that was begun is finished first
    stay_suspended,  # nothing new is begun
    yield_to_rival,  # two would push the same tags
    refuse_cycle,  # no order exists in which it could be built
    wait_for_base,  # no Warehouse, or it has found nothing yet
    _wait_for_source,  # the registry does not answer, or the source build cannot be judged
    _nothing_changed,  # the image stands on the newest base, and nobody asked for a look
    _source_is_current,  # the pipeline's own build stands on the newest base
    _build_is_there,  # these inputs were built already: promoted, not repeated
    nothing_is_due,  # what changed is to be ignored
    _build_failed_before,  # these inputs failed by themselves: a person must change something
    wait_for_person,  # policy Manual or Notify, and nobody asked yet
    keep_distance,  # bases that move again and again
    wait_for_time,  # delay, maintenance windows, freezes
    _begin_build,  # recorded first, done in the next run
)

_HOW_TO_REPEAT: Final = "(to try again: the annotation slipway.dev/rebuild with the time of asking)"


def _is_still_wanted(at: Situation, build: Build) -> bool:
    """Whether the present spec, or the request that the build was begun for, calls for it too."""
    if at.missing or len(at.known) != len(build.bases):
        return at.missing is not None
    source, (base,), asked = build.source_digest or "", builds.digests_of(build), at.answered(REBUILD)
    keys = {at.key(source, base), at.key(source, base, format_time(asked) if asked else None)}
    return build.key in keys


def _promote(at: Situation, image: BuiltImage) -> ImagePlan:
    """Call an image that is there the newest one, once the registry shows it as such."""
    stands_on = (BuildBase(reference=at.base.reference, digest=at.base.digest),)
    promoted, floating_tags = current(at, at.promoted(image, stands_on)), at.spec.image.floating_tags
    if image.build is None and not floating_tags:
        return promoted  # the source build was just seen in the registry
    action = PromoteAction(image.digest, image.build, floating_tags)
    return announced(at, image) or replace(promoted, actions=action)


def _rebase(at: Situation, build: Build) -> RebaseAction:
    """The build as it was begun: its own digests count, not what the registry says by now."""
    base = next(base for base in build.bases if at.stands_on(base.reference))
    assert at.before.source is not None
    return RebaseAction(
        tag=build.reference.rpartition(":")[2],
        floating_tags=at.spec.image.floating_tags,
        source_digest=build.source_digest or "",
        old_base_digest=at.before.source.base_digest or "",
        base_reference=base.reference,
        base_registry=next((one.registry for one in at.known if one.reference == base.reference), None),
        base_digest=base.digest,
        allow_run=at.allows_run,
        commit=build.commit,
    )
