"""Everything that is read for a decision about a ManagedImage."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from slipway.api.managedimage import ManagedImage
from slipway.api.policies.shipped import REQUESTED_BY
from slipway.engine.key import Key
from slipway.engine.outcome import EventNote
from slipway.engine.reconcile import Observed
from slipway.engine.requests import STAMP_PREFIX
from slipway.kinds.asked import Asked
from slipway.kinds.context import Context
from slipway.kinds.managedimage.bases import find_bases, find_rival, find_tracked
from slipway.kinds.managedimage.commit import find_commit
from slipway.kinds.managedimage.decide import needs_evidence, needs_look, needs_registry
from slipway.kinds.managedimage.departure import Leaving, Unheld
from slipway.kinds.managedimage.dispatches import Dispatches
from slipway.kinds.managedimage.dockerfile import find_names
from slipway.kinds.managedimage.facts import Facts, KnownBase, Problem, Source, Told
from slipway.kinds.managedimage.farewell import find_leaving, find_unheld
from slipway.kinds.managedimage.graph import Neighbourhood
from slipway.kinds.managedimage.guards import refused_requests
from slipway.kinds.managedimage.naming import of_told, references_of
from slipway.kinds.managedimage.pending import foreseen
from slipway.kinds.managedimage.restoring import enrol
from slipway.kinds.managedimage.sight import look_at_build
from slipway.kinds.managedimage.source import look_at_source
from slipway.kinds.managedimage.told import find_told_base, read_told
from slipway.kinds.managedimage.tracking import find_tracking
from slipway.kinds.managedimage.view import ManagedImageView
from slipway.kinds.registry.access import AccessProblem
from slipway.kube.resources import MANAGEDIMAGES
from slipway.kube.status import observed_from
from slipway.oci.errors import RegistryError

__all__ = ["gather"]


async def gather(
    context: Context, asked: Asked, neighbourhood: Neighbourhood, dispatches: Dispatches, key: Key
) -> Facts | Leaving | Unheld | None:
    """Read the object, what is told of its bases, and the source build where that matters.

    Raises:
        KubeError: when the API server does not answer.
        AccessProblem, RegistryError: when its archive cannot be compared with the registry now.
    """
    body = await context.kube.get(MANAGEDIMAGES, key.namespace, key.name)
    if body is None or body["metadata"].get("deletionTimestamp"):
        asked.forget(key)
        return None if body is None else await find_leaving(context, key, body)
    if (unheld := find_unheld(key, body)) is not None:
        return unheld
    enrolment = await enrol(context, ManagedImage.model_validate(body))
    image, observed = enrolment.image, observed_from(key, body)
    trusted = _is_stamped(observed) and await context.policies.installed(REQUESTED_BY)
    requests, complaints = asked.read(observed, context.clock.now(), trusted=trusted)
    refused = await refused_requests(context, requests)
    facts = await _facts(context, image, observed)
    view = context.store.get(key)
    position = neighbourhood.position(view) if isinstance(view, ManagedImageView) else None
    notes = tuple(EventNote(reason, message, "Warning") for reason, message in refused.values())
    facts = replace(
        facts,
        requests=requests,
        position=position,
        refused={verb: reason for verb, (reason, _) in refused.items()},
        complaints=(*complaints, *notes, *enrolment.notes),
        is_restored=enrolment.is_restored,
    )
    if needs_evidence(facts):
        facts = await _with_evidence(context, facts)
    if (build := needs_look(facts)) is not None:
        return replace(facts, sight=await look_at_build(context, image, build, _known(facts), dispatches))
    if facts.source is None and needs_registry(facts):
        (base,) = _known(facts)
        source = await look_at_source(context, image, base)
        return replace(facts, source=_with_disputes(facts, source))
    return facts


async def _facts(context: Context, image: ManagedImage, observed: Observed) -> Facts:
    """What the store, and the Dockerfile where it is new, say of what the image stands on."""
    store, facts = context.store, Facts(observed, image, claimed_by=_rival(context, image))
    if image.spec.suspend:
        return facts
    if image.spec.role != "Managed":
        tracked = find_tracked(image, store)
        return replace(facts, bases=(tracked,), tracking=find_tracking(image, (), store))
    commit = find_commit(image, store)
    named = await find_names(context, image, commit)
    if not isinstance(named, tuple):
        tracking = find_tracking(image, None, store)
        return replace(facts, commit=named or commit, tracking=tracking)
    return replace(
        facts,
        bases=foreseen(observed.key, find_bases(image, named, store), store),
        commit=commit,
        tracking=find_tracking(image, references_of(named), store),
    )


async def _with_evidence(context: Context, facts: Facts) -> Facts:
    """The facts with what labels and provenance tell of bases that nobody else names."""
    image = facts.image
    if image.spec.role != "Managed":
        (tracked,) = _known(facts)
        with suppress(AccessProblem, RegistryError):  # what it is does not hang on what it stands on
            told = await read_told(context, image, tracked.digest, all_platforms=False)
            return replace(facts, told=told)
        return facts
    found = await find_told_base(context, image)
    if found is None:
        return facts
    if not isinstance(found, Told):
        return replace(facts, source=found)
    named = of_told(found.bases)
    tracking = find_tracking(image, references_of(named), context.store)
    bases = foreseen(facts.observed.key, find_bases(image, named, context.store), context.store)
    return replace(facts, bases=bases, tracking=tracking, told=found)


def _with_disputes(facts: Facts, source: Source | Problem) -> Source | Problem:
    """The source build with what it tells that disagrees, as it was read now or before."""
    if not isinstance(source, Source) or facts.image.spec.bases:
        return source
    before = facts.image.status.source
    kept = before.disputes if before is not None else ()
    return replace(source, disputes=facts.told.disputes if facts.told is not None else kept)


def _is_stamped(observed: Observed) -> bool:
    """Whether the object says who asked; only the policy that writes it may be believed."""
    return any(name.startswith(STAMP_PREFIX) for name in observed.annotations)


def _known(facts: Facts) -> tuple[KnownBase, ...]:
    return tuple(base for base in facts.bases if isinstance(base, KnownBase))


def _rival(context: Context, image: ManagedImage) -> str | None:
    """Who has a better right to its tags; of another namespace nothing is told but that there is one."""
    rival = find_rival(image, context.store)
    if rival is None:
        return None
    is_neighbour = rival.key.namespace == image.metadata.namespace
    return f"ManagedImage {rival.key.name}" if is_neighbour else "a ManagedImage of another namespace"
