"""The facts about a ManagedImage with what most verdicts ask of them, and the status that follows. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final, TypeAlias

from slipway.api.base import HandledRequest
from slipway.api.building import BuildHistory, BuildSpec
from slipway.api.conditions import BASES_DISPUTED, Condition, Reason
from slipway.api.managedimage import (
    BaseStatus,
    Build,
    BuildBase,
    BuildPhase,
    BuiltImage,
    GraphStatus,
    ManagedImagePhase,
    ManagedImageSpec,
    ManagedImageStatus,
    RebuildReason,
    RebuildStatus,
    SourceStatus,
)
from slipway.build.tags import TagTemplate, date_of
from slipway.clock import format_time
from slipway.engine.outcome import EventNote, Outcome, Settled
from slipway.engine.reconcile import Plan
from slipway.engine.requests import RECONCILE, Request
from slipway.kinds.managedimage import builds
from slipway.kinds.managedimage.builds import REASONS
from slipway.kinds.managedimage.changes import Change, changes_of
from slipway.kinds.managedimage.facts import Action, Commit, Facts, KnownBase, Source, UnknownBase
from slipway.kinds.managedimage.loops import counted
from slipway.kinds.managedimage.templates import template_of
from slipway.kinds.managedimage.topics import same_image, same_repository
from slipway.kinds.managedimage.wanted import key_now
from slipway.kinds.managedimage.words import CANCEL, EMERGENCY, REBUILD, short
from slipway.kinds.sizes import fitted

__all__ = [
    "AT_ONCE",
    "ImagePlan",
    "Situation",
    "as_json",
    "conditions_of",
    "current",
    "handled",
    "plan",
    "short",
]

ImagePlan: TypeAlias = "Plan[Action | None]"

AT_ONCE: Final = timedelta(0)

_TURNS: Final = frozenset({Reason.BUILD_STARTED, Reason.BUILD_SUCCEEDED})
"""Events that tell all that there is to say about a change of Ready."""


@dataclass(frozen=True)
class Situation:
    """One moment of one ManagedImage."""

    facts: Facts
    now: datetime

    @property
    def spec(self) -> ManagedImageSpec:
        """What the user wants."""
        return self.facts.image.spec

    @property
    def before(self) -> ManagedImageStatus:
        """The status as it was read."""
        return self.facts.image.status

    @property
    def build(self) -> BuildSpec:
        """How builds are made; every image with role Managed says it."""
        assert self.spec.build is not None
        return self.spec.build

    @property
    def history(self) -> BuildHistory:
        """How many builds are kept; also of one whose spec says nothing of builds any more."""
        return self.spec.build.history if self.spec.build is not None else BuildHistory()

    @property
    def is_rebased(self) -> bool:
        """Whether nothing is built from source here, so that rebases of another's builds are all there is."""
        return self.spec.build is not None and self.spec.build.type == "None"

    @property
    def allows_run(self) -> bool:
        """Whether a rebase may keep layers made by RUN."""
        return self.build.rebase is not None and self.build.rebase.allow_run

    @cached_property
    def template(self) -> TagTemplate:
        """What names the builds."""
        return template_of(self.spec)

    def stands_on(self, reference: str) -> bool:
        """Whether the layers of the image begin with those of this base, as the status tells."""
        uses = next((known.uses for known in self.before.bases if known.reference == reference), ())
        return not uses or any(use.kind == "Final" for use in uses)

    @property
    def missing(self) -> UnknownBase | None:
        """The first base whose digest nobody tells."""
        return next((base for base in self.facts.bases if isinstance(base, UnknownBase)), None)

    @property
    def known(self) -> tuple[KnownBase, ...]:
        """The bases whose digests are told."""
        return tuple(base for base in self.facts.bases if isinstance(base, KnownBase))

    @property
    def base(self) -> KnownBase:
        """The one base of a rebase; ask only once a verdict has made sure that it is known."""
        (base,) = self.known
        return base

    @property
    def source(self) -> Source:
        """The source build; ask only once a verdict has made sure that it was found."""
        assert isinstance(self.facts.source, Source)
        return self.facts.source

    @property
    def spec_changed(self) -> bool:
        """Whether the spec is another one than the status speaks of."""
        return self.before.observed_generation != self.facts.observed.generation

    @property
    def tried(self) -> tuple[str, ...]:
        """Keys of builds that failed by themselves."""
        return self.before.rebuild.tried if self.before.rebuild else ()

    @cached_property
    def status(self) -> ManagedImageStatus:
        """The status as read, with what the Warehouse and the registry say now put in."""
        update: dict[str, object] = {}
        if isinstance(self.facts.source, Source):
            source = self.facts.source
            update["source"] = SourceStatus(
                digest=source.digest, base_digest=source.base_digest, disputes=source.disputes
            )
        elif isinstance(self.facts.commit, Commit):
            known = self.before.source or SourceStatus()
            update["source"] = known.model_copy(update={"commit": self.facts.commit.commit})
        elif self.facts.commit is not None and self.spec_changed and self.before.source is not None:
            # The bases are those that another spec gave: they must not pass for what this one says.
            update["source"] = self.before.source.model_copy(update={"commit": None})
        elif self.is_rebased and self._base_is_another():
            update["source"] = None  # what it stands on was found among the digests of the former base
        if self.facts.bases:
            update["bases"] = self._bases_now()
        return self.before.model_copy(update=update)

    def request(self, verb: str) -> Request | None:
        """The newest request of this verb that is not handled."""
        return next((request for request in reversed(self.facts.requests) if request.verb == verb), None)

    @property
    def asked(self) -> Request | None:
        """The newest request for a build, an emergency before all others."""
        return self.emergency or self.request(REBUILD)

    @property
    def emergency(self) -> Request | None:
        """The newest demand for a build at once that may be followed."""
        return None if EMERGENCY in self.facts.refused else self.request(EMERGENCY)

    def answered(self, verb: str) -> datetime | None:
        """The time of the request of this verb that was handled last."""
        return next((request.at for request in self.before.handled_requests if request.verb == verb), None)

    def key(self, source: str, base: str, request: str | None = None) -> str:
        """The key of a build of these digests under the present spec."""
        return builds.key_of(
            self.spec.image.repository,
            (self.base.reference, base),
            source,
            allow_run=self.allows_run,
            request=request,
        )

    @cached_property
    def wanted(self) -> Build:
        """The build that these facts call for, as it would be begun."""
        key, asked = self.key(self.source.digest, self.base.digest), self.asked
        if asked is not None and key in self.tried:
            key = self.key(self.source.digest, self.base.digest, format_time(asked.at))
        build = Build(
            number=self.source.next_number,
            key=key,
            phase=BuildPhase.BUILDING,
            reference=self.spec.image.repository,
            reasons=self.reasons[:REASONS],
            requested_by=self.asked.by if self.asked else None,
            started_at=self.now,
            source_digest=self.source.digest,
            bases=(BuildBase(reference=self.base.reference, digest=self.base.digest),),
        )
        return self.renumbered(build, build.number)

    @property
    def begun(self) -> Build:
        """The wanted build; one of the same key that came to nothing is taken up again under its number."""
        earlier = builds.with_key(self.before.builds, self.wanted.key)
        return self.wanted if earlier is None else self.taken_up(self.wanted, earlier)

    def taken_up(self, build: Build, earlier: Build) -> Build:
        """A build under the number of an earlier one, and the date in its tag."""
        return self.renumbered(build.model_copy(update={"reference": earlier.reference}), earlier.number)

    def renumbered(self, build: Build, number: int) -> Build:
        """A build under another number, and so under another tag; its date stays."""
        tag = self.template.read(build.reference.rpartition(":")[2])
        date = tag.date if tag is not None else date_of(build.started_at)
        name = self.template.render(number, date, build.commit or "")
        reference = f"{self.spec.image.repository}:{name}"
        return build.model_copy(update={"number": number, "reference": reference})

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """What is another than the newest image was made of."""
        return changes_of(self)

    @cached_property
    def reasons(self) -> tuple[RebuildReason, ...]:
        """Why a build is due, each since it was first seen."""
        return tuple(change.reason for change in self.changes if change.reaction != "Ignore")

    @property
    def why(self) -> str:
        """Why a build is due, in words."""
        return "; ".join(reason.detail for reason in self.reasons)

    def settled(self) -> ManagedImageStatus:
        """The status with nothing due; what failed is remembered."""
        return self.status.model_copy(
            update={"rebuild": RebuildStatus(tried=self.tried) if self.tried else None}
        )

    def due(
        self,
        message: str,
        *,
        until: datetime | None = None,
        blocked_by: Sequence[str] = (),
        begun: Build | None = None,
    ) -> ManagedImageStatus:
        """The status with the reasons why a build is due.

        Args:
            message: why now, or why not yet and what it waits for.
            until: when it may begin at the earliest, where a time is waited for.
            blocked_by: the bases that are waited for.
            begun: the build, once it is under way.
        """
        tried = begun or self._tried_before()
        rebuild = RebuildStatus(
            message=message[:256],
            reasons=self.reasons[:REASONS],
            eligible_at=until,
            blocked_by=tuple(blocked_by)[:4],
            attempts=(tried.attempts or 1) if tried is not None else None,
            tried=self.tried,
        )
        return self.status.model_copy(update={"rebuild": rebuild})

    def _tried_before(self) -> Build | None:
        """The last attempt at the build that is due, where there was one."""
        key = self.wanted.key if self.is_rebased else key_now(self)
        return builds.with_key(self.before.builds, key)

    def held(self, message: str) -> ManagedImageStatus:
        """The status while it cannot be told what is due: what was due is kept, with why it has to wait."""
        rebuild = self.before.rebuild
        if rebuild is None or not rebuild.reasons:
            return self.status
        news = {"message": message[:256], "eligible_at": None, "blocked_by": ()}
        return self.status.model_copy(update={"rebuild": rebuild.model_copy(update=news)})

    def promoted(self, image: BuiltImage, stands_on: Sequence[BuildBase]) -> ManagedImageStatus:
        """The status with an image that stands on these bases; nothing is due any more."""
        bases = tuple(
            _standing_on(known, self.made_with(stands_on, known.reference)) for known in self.status.bases
        )
        rebuild = RebuildStatus(tried=self.tried) if self.tried else None
        return self.status.model_copy(update={"image": image, "bases": bases, "rebuild": rebuild})

    def made_with(self, stands_on: Sequence[BuildBase], reference: str) -> str | None:
        """The digest of a base among those of a build.

        A Warehouse that the spec names may have gone on to another tag of the base since.
        """
        same = [base for base in stands_on if same_image(base.reference, reference)]
        if not same and self.spec.bases:
            same = [base for base in stands_on if same_repository(base.reference, reference)]
        return same[0].digest if same else None

    def image_of(self, build: Build) -> BuiltImage:
        """What a succeeded build offers."""
        known = self.before.image
        if known is not None and (known.build, known.digest) == (build.number, build.digest):
            return known
        return BuiltImage(
            reference=build.reference,
            digest=build.digest or "",
            created_at=build.finished_at,
            build=build.number,
        )

    def _base_is_another(self) -> bool:
        bases = self.before.bases
        return any(
            bool(bases) and not same_repository(bases[0].reference, base.reference) for base in self.known
        )

    def _bases_now(self) -> tuple[BaseStatus, ...]:
        """What is known of each base; of one that nobody tells now, what was known before."""
        found = {}
        for number, base in enumerate(self.facts.bases):
            before = self._known_before(number, base.reference)
            if isinstance(base, KnownBase):
                found[base.reference] = self._base_status(base, before)
            elif before is not None and not self._is_renamed(before, base.reference):
                found[before.reference] = before
            elif base.reference:
                # Those that the Dockerfile names are listened to only once they stand here.
                found[base.reference] = BaseStatus(
                    reference=base.reference, uses=base.uses, told_by=base.told_by
                )
        return tuple(found.values())

    def _is_renamed(self, before: BaseStatus, reference: str) -> bool:
        """Whether the Dockerfile names another base: the status has to say so, for it is read but once."""
        return not self.spec.bases and not same_image(before.reference, reference)

    def _known_before(self, number: int, reference: str) -> BaseStatus | None:
        """What was known of a base, whatever it was called.

        A single one of the spec is that of before in any case, and a Warehouse may go on to another tag.
        """
        bases = self.before.bases
        if self.spec.bases and len(bases) == len(self.facts.bases) == 1:
            return bases[number]
        same = [known for known in bases if same_image(known.reference, reference)]
        if not same and self.spec.bases:
            others = [known for known in bases if not self._is_told(known.reference)]
            same = [known for known in others if same_repository(known.reference, reference)]
        return same[0] if same else None

    def _is_told(self, reference: str) -> bool:
        return any(same_image(base.reference, reference) for base in self.facts.bases)

    def _base_status(self, base: KnownBase, before: BaseStatus | None) -> BaseStatus:
        """What is known of a base; what the image stands on stays, whoever tells of the base now."""
        news = {
            "reference": base.reference,
            "latest_digest": base.digest,
            "warehouse": base.warehouse,
            "producer": base.producer,
            "uses": base.uses,
            "told_by": base.told_by,
        }
        if before is None:
            return BaseStatus.model_validate(news)
        if before.latest_digest in {None, base.digest}:
            return before.model_copy(update=news)
        # Later moves do not count: what is waited for begins with the first one.
        is_moved = before.changed_at is not None and before.built_digest not in {None, before.latest_digest}
        changed_at = before.changed_at if is_moved else self.now
        return before.model_copy(update={**news, "changed_at": changed_at, **counted(before, self.now)})


def current(at: Situation, status: ManagedImageStatus, *notes: EventNote) -> ImagePlan:
    """The plan for an image that stands on the newest base; without an effect."""
    assert status.image is not None
    below = [f"{base.reference} ({short(base.digest)})" for base in at.known if base.is_stood_on]
    message = f"{status.image.reference} stands on {' and '.join(below) or 'no base'}"
    outcome = Settled(Reason.CURRENT, message)
    return plan(at, status, outcome, ManagedImagePhase.CURRENT, notes, rebuild="AlreadyCurrent")


def plan(
    at: Situation,
    status: ManagedImageStatus,
    outcome: Outcome,
    phase: ManagedImagePhase,
    notes: tuple[EventNote, ...] = (),
    *,
    rebuild: str | None = None,
    cancel: str = "Superseded",
) -> ImagePlan:
    """A plan without an effect.

    Args:
        at: what it follows from.
        status: what there is to show beside the phase.
        outcome: what the run comes to.
        phase: in one word.
        notes: what happened.
        rebuild: what became of a request to rebuild; without it the request stays.
        cancel: what became of a request to cancel a build; there may be none to cancel any more.
    """
    answered = {RECONCILE: "Looked", CANCEL: cancel}
    if rebuild is not None:
        answered |= {REBUILD: rebuild, EMERGENCY: rebuild}
    answered |= at.facts.refused
    news = {"phase": phase, "handled_requests": handled(at, answered), "graph": _graph(at)}
    status = status.model_copy(update=news)
    begun = next((note.message for note in notes if note.reason == Reason.BUILD_STARTED), "")
    return Plan(
        status=as_json(status),
        outcome=outcome,
        actions=None,
        events=(*at.facts.complaints, *_moves(at, begun), *notes),
        conditions=conditions_of(at, status),
        tells_transition=any(note.reason in _TURNS for note in notes),
    )


def conditions_of(at: Situation, status: ManagedImageStatus) -> tuple[Condition, ...]:
    """The conditions of this kind's own that follow from a status."""
    disputes = status.source.disputes if status.source else ()
    if not disputes:
        return ()
    message = "; ".join(disputes)
    generation = at.facts.observed.generation
    return (Condition(BASES_DISPUTED, "True", Reason.SOURCES_DISAGREE, message, generation, at.now),)


def _graph(at: Situation) -> GraphStatus | None:
    position = at.facts.position
    if position is None:
        return at.before.graph
    return GraphStatus(depth=position.depth, dependents=position.dependents, cycle=position.cycle)


def as_json(status: ManagedImageStatus) -> Mapping[str, Any]:
    """A status as it is written, small enough for the API server."""
    body = status.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude={"conditions", "observed_generation"}
    )
    return fitted(body, *builds.trimmable(status.image.build if status.image else None))


def _standing_on(known: BaseStatus, digest: str | None) -> BaseStatus:
    changed_at = None if known.latest_digest == digest else known.changed_at
    return known.model_copy(update={"built_digest": digest, "changed_at": changed_at})


def handled(at: Situation, answered: Mapping[str, str]) -> tuple[HandledRequest, ...]:
    """The handled requests with those that are answered now."""
    kept = {request.verb: request for request in at.before.handled_requests}
    for request in at.facts.requests:
        if request.verb in answered:
            result = answered[request.verb]
            kept[request.verb] = HandledRequest(
                verb=request.verb, at=request.at, result=result, by=request.by
            )
    return tuple(kept[verb] for verb in sorted(kept))


def _moves(at: Situation, begun: str) -> tuple[EventNote, ...]:
    """Of the bases that moved, but for those that the Event of a build tells as its reason."""
    return tuple(
        _move(known, base)
        for base in at.known
        for known in _moved(at, base)
        if f"{base.reference} moved" not in begun
    )


def _moved(at: Situation, base: KnownBase) -> list[BaseStatus]:
    """What was known of a base that has another digest now."""
    alike = (known for known in at.before.bases if same_image(known.reference, base.reference))
    return [known for known in alike if known.latest_digest not in {None, base.digest}]


def _move(before: BaseStatus, base: KnownBase) -> EventNote:
    moved = f"from {short(before.latest_digest or '')} to {short(base.digest)}"
    return EventNote(Reason.BASE_MOVED, f"Base {base.reference} moved {moved} ({base.teller})")
