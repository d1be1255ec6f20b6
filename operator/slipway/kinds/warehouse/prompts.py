"""Whoever builds a tag prompts the Warehouses that follow it, in all namespaces, to look at once.

A ManagedImage tells which image it built last; what a Warehouse finds is what the registry says, so that
nobody has to be believed. But a look costs the registry a question, and anybody may claim any tag. So

- one that is proven, because what the Warehouse found is a build of its, prompts one look for each new build;
- one that is not prompts one look, whatever else it builds;
- and all together prompt no look within a minute after the last: anybody may have a Warehouse look as often.

All Warehouses that follow a tag are prompted for the same moment, and so share one answer where they may.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol, runtime_checkable

from slipway.api.warehouse import Artifact, Subscription
from slipway.engine.key import Key
from slipway.engine.view import View
from slipway.kinds.warehouse.findings import SubscriptionLook
from slipway.kinds.warehouse.view import followed_topic
from slipway.oci.errors import InvalidReference
from slipway.oci.reference import ImageReference

__all__ = ["Claim", "Lookup", "Prompt", "Prompts", "prompted_at", "reminded"]

_PAUSE: Final = timedelta(minutes=1)
"""Between two looks at one tag that are prompted."""


@runtime_checkable
class Claim(Protocol):
    """A ManagedImage, as far as it says what it has built."""

    @property
    def uid(self) -> str:
        """Tells it from a later one of the same name."""

    @property
    def builds(self) -> bool:
        """Whether it builds its image, and does not only track it."""

    @property
    def is_proven(self) -> bool:
        """Whether its newest image is one that it built."""

    @property
    def built(self) -> tuple[str, ...]:
        """The digests that it built, newest first."""


class Lookup(Protocol):
    """The part of the store that is asked here."""

    def get(self, key: Key) -> View | None:
        """The newest view of an object."""

    def providers(self, topic: Hashable) -> Collection[Key]:
        """Who is found under a topic."""


class Prompt(NamedTuple):
    """That a tag is to be looked at."""

    at: datetime
    """From when on; what was found before then is too old."""

    is_proven: bool
    """Whether one that is known to build the tag has built another image than was found."""


@dataclass(slots=True)
class _Heard:
    """What was claimed about one tag."""

    moments: dict[str, datetime] = field(default_factory=dict)
    """By a digest that was built, or the UID of one who is not proven: from when on it prompts a look."""

    last: datetime | None = None
    """When a look was prompted last, or will be next."""


class Prompts:
    """What was claimed about the tags that are followed. In memory: after a restart only proof counts."""

    __slots__ = ("_heard", "_store")

    def __init__(self, store: Lookup) -> None:
        self._store = store
        self._heard: dict[Hashable, _Heard] = {}

    def prompt(self, subscription: Subscription, found: Artifact | None, now: datetime) -> Prompt | None:
        """Whether somebody has built another image than this subscription found.

        Args:
            subscription: of any Warehouse; only those that follow one tag are prompted.
            found: what it found last.
            now: the moment of the run.
        """
        topic = _topic(subscription)
        if topic is None or not (claims := tuple(self._claims(topic))):
            return None
        digest = found.image.digest if found is not None and found.image is not None else None
        ahead = [claim for claim in claims if claim.built[0] != digest]
        if not ahead:
            return None
        heard = self._known(topic, now)
        _forget_others(heard, claims)
        at = max(_moment(heard, _news(claim, digest), now) for claim in ahead)
        return Prompt(at, any(digest in claim.built for claim in ahead))

    def _claims(self, topic: Hashable) -> Iterator[Claim]:
        for key in self._store.providers(topic):
            view = self._store.get(key)
            if isinstance(view, Claim) and view.builds and view.is_proven:
                yield view

    def _known(self, topic: Hashable, now: datetime) -> _Heard:
        if topic not in self._heard:
            self._sweep(now)
            self._heard[topic] = _Heard()
        return self._heard[topic]

    def _sweep(self, now: datetime) -> None:
        """Forget tags that nobody claims any more, once a new claim would find the pause over."""
        for topic, heard in list(self._heard.items()):
            is_over = heard.last is None or not now - _PAUSE < heard.last <= now + _PAUSE
            if is_over and not self._store.providers(topic):
                del self._heard[topic]


def reminded(look: SubscriptionLook, prompt: Prompt | None) -> SubscriptionLook:
    """The last look at a subscription, which is due again when a prompt says so."""
    if prompt is None or not _is_news(look, prompt):
        return look
    at = prompt.at if look.look_again_at is None else min(look.look_again_at, prompt.at)
    return replace(look, look_again_at=at)


def prompted_at(look: SubscriptionLook, prompt: Prompt | None, now: datetime) -> datetime | None:
    """The moment since which an answer to a prompt counts, whoever asked; None where there is none."""
    return prompt.at if prompt is not None and prompt.at <= now and _is_news(look, prompt) else None


def _is_news(look: SubscriptionLook, prompt: Prompt) -> bool:
    """Whether it was not looked since; of a look before a restart only proof can tell."""
    return prompt.is_proven if look.result is None else look.at < prompt.at


def _topic(subscription: Subscription) -> Hashable | None:
    """What whoever keeps the tag is found by; None where no single tag is followed."""
    image = subscription.image
    if image is None or image.policy.digest is None:
        return None
    try:
        reference = ImageReference.parse(image.repository)
    except InvalidReference:
        return None
    return followed_topic(reference.registry, reference.repository, image.policy.digest.tag)


def _news(claim: Claim, found: str | None) -> str:
    return claim.built[0] if found in claim.built else claim.uid


def _forget_others(heard: _Heard, claims: Iterable[Claim]) -> None:
    """What is claimed no more prompts nobody."""
    claimed = {word for claim in claims for word in (claim.built[0], claim.uid)}
    for word in heard.moments.keys() - claimed:
        del heard.moments[word]


def _moment(heard: _Heard, word: str, now: datetime) -> datetime:
    if word not in heard.moments:
        heard.last = heard.moments[word] = _next(heard.last, now)
    return heard.moments[word]


def _next(last: datetime | None, now: datetime) -> datetime:
    """The first moment at which a look may be prompted; one that lies ahead serves all until then."""
    if last is None or last > now + _PAUSE:
        return now  # the clock was put back
    return last if last > now else max(now, last + _PAUSE)
