"""Subscriptions of type Chart: the highest version of a range, in a chart repository or a registry."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from slipway.api import warehouse as api
from slipway.api.conditions import Reason
from slipway.api.warehouse import Artifact
from slipway.charts.address import HttpChart, InvalidChartUrl, OciChart, parse_address
from slipway.charts.versions import tag_of_version, version_of_tag
from slipway.engine.outcome import Waiting
from slipway.kinds.context import Context
from slipway.kinds.registry.access import Access
from slipway.kinds.registry.credentials import read_secret, secret_version
from slipway.kinds.warehouse.chartrecords import as_versions, chart_before, chart_of
from slipway.kinds.warehouse.charts import ChartTags, chart_selector, chart_tags
from slipway.kinds.warehouse.examination import examine
from slipway.kinds.warehouse.explanation import Explanation, explain
from slipway.kinds.warehouse.findings import Finding, Found, Ripening, Trouble
from slipway.kinds.warehouse.images import sightings, to_seen, was_scanned
from slipway.kinds.warehouse.questions import Answer, Question, Resolve
from slipway.kinds.warehouse.selection import Selector
from slipway.kinds.warehouse.subscriptions.driving import drive
from slipway.kinds.warehouse.subscriptions.throttling import why_throttled
from slipway.kinds.warehouse.subscriptions.watch import Dependency, Moment
from slipway.kinds.warehouse.verdicts import (
    Examined,
    Kept,
    ManifestMissing,
    NothingFits,
    Picked,
    Rules,
    Situation,
    TooManyTags,
)
from slipway.oci.auth import basic_header
from slipway.oci.credentials import Credential, Secret, credential_for
from slipway.oci.errors import CredentialNotBound, ManifestNotFound
from slipway.oci.reference import ImageReference

__all__ = ["ChartWatch"]


@dataclass(frozen=True, slots=True)
class _Offer:
    """The versions of a chart, and what knows more of them."""

    tags: ChartTags
    answer: Callable[[Question], Awaitable[Answer]]
    access: Access | None = None
    """To the registry; None for a chart repository, which tells of no quota."""

    @property
    def throttled(self) -> str | None:
        """Why it is looked at more rarely than its interval says."""
        return None if self.access is None else why_throttled(self.access)


@dataclass(frozen=True, slots=True)
class ChartWatch:
    """Looks at one chart."""

    context: Context
    namespace: str
    name: str
    spec: api.ChartSubscription
    minimum_age: timedelta

    @property
    def place(self) -> str:
        """The repository, and the chart in it."""
        return f"{self.spec.url} {self.spec.name or ''}"

    async def dependency(self, *, troubled: bool) -> Dependency:
        """The Registry that it goes through, or the Secret, as it is now."""
        try:
            address = parse_address(self.spec.url, self.spec.name)
        except InvalidChartUrl:
            return Dependency(None)
        match address:
            case OciChart(repository):
                way = self.context.registries.way(
                    self.namespace, repository, self._registry, with_secrets=troubled
                )
                return Dependency(*await way)
            case HttpChart():
                secret, version = self.spec.secret_ref, None
                if troubled:
                    version = await secret_version(self.context.kube, self.namespace, secret)
                return Dependency(version, secret is not None)

    async def look(self, moment: Moment, before: Artifact | None) -> Finding:
        """List the versions and choose."""
        selector, offer = self._selector(), await self._offer(moment)
        if not offer.tags.listing.names and not offer.tags.deprecated:
            message = f"{self._chart} has no versions: publish one, or correct url and name"
            return Trouble(self.name, Waiting(Reason.NO_TAGS, message), throttled=offer.throttled)
        finding = self._told(await self._examined(selector, offer, moment, before), offer.tags)
        return replace(finding, throttled=offer.throttled)

    async def explain(self, version: str, moment: Moment, before: Artifact | None) -> Explanation:
        """Why a version is chosen, or is not, by a look as `look` makes it."""
        selector, offer = self._selector(), await self._offer(moment)
        examined = await self._examined(selector, offer, moment, before)
        tag, tags = tag_of_version(version), offer.tags
        return explain(tag, selector, tags.listing, examined, called=version, deprecated=tags.deprecated)

    async def _offer(self, moment: Moment) -> _Offer:
        match parse_address(self.spec.url, self.spec.name):
            case HttpChart() as chart:
                return await self._offer_of_repository(chart, moment)
            case OciChart(repository):
                return await self._offer_of_registry(ImageReference.parse(repository), moment)

    @property
    def _registry(self) -> str | None:
        return self.spec.registry_ref.name if self.spec.registry_ref is not None else None

    async def _offer_of_repository(self, chart: HttpChart, moment: Moment) -> _Offer:
        repository = self.context.charts.repository(
            chart.url, self.namespace, await self._authorization(chart)
        )
        tags = chart_tags(chart.name, await self.context.lookups.versions(repository, chart, moment.since))

        async def answer(question: Question) -> Answer:
            return tags.answer(question)

        return _Offer(tags, answer)

    async def _offer_of_registry(self, reference: ImageReference, moment: Moment) -> _Offer:
        access = await self.context.registries.client_for(
            self.namespace, reference, self._registry, moment.secrets_since
        )
        path, lookups = reference.repository, self.context.lookups
        listing = await lookups.tags(access, path, moment.since)

        async def answer(question: Question) -> Answer:
            assert isinstance(question, Resolve), "nobody asks what a chart runs on"
            digests = {}
            for tag in question.tags:
                with contextlib.suppress(ManifestNotFound):
                    digests[tag] = await lookups.digest(access, path, tag, moment.since)
            return Answer(digests=digests)

        return _Offer(ChartTags(listing, {}, frozenset()), answer, access)

    async def _examined(
        self, selector: Selector, offer: _Offer, moment: Moment, before: Artifact | None
    ) -> Examined:
        situation = Situation(
            moment.now,
            chart_before(before.chart if before is not None else None),
            sightings(before.seen if before is not None else ()),
            was_scanned(before),
        )
        listing = offer.tags.listing
        flow = examine(selector, listing, Rules(minimum_age=self.minimum_age), situation)
        return await drive(flow, len(listing), offer.answer)

    def _selector(self) -> Selector:
        return chart_selector(self.spec.range, prereleases=self.spec.prereleases)

    def _told(self, examined: Examined, tags: ChartTags) -> Finding:
        choice = as_versions(tags.told(examined.choice))
        ripening = Ripening(to_seen(examined.seen), examined.mature_at)
        match examined.verdict:
            case Picked() as picked:
                content = chart_of(self.spec, picked, tags.versions.get(picked.tag))
                return Found(self.name, content, choice, ripening)
            case Kept(current) as kept if kept.listed:
                content = chart_of(self.spec, current, tags.versions.get(current.tag))
                return Found(self.name, content, choice, ripening, moved_to=examined.moved_to)
            case Kept(current):
                version = version_of_tag(current.tag)
                is_there = current.tag in tags.deprecated
                gone = f"marks {version} as deprecated" if is_there else f"has no {version} any longer"
                message = f"{self._chart} {gone}, and nothing newer: it stays chosen"
                outcome = Waiting(Reason.TAG_DELETED, message)
            case ManifestMissing(tag):
                version = version_of_tag(tag)
                message = f"{self._chart} lists {version} but has nothing for it: push it again, or delete it"
                outcome = Waiting(Reason.MANIFEST_NOT_FOUND, message)
            case NothingFits() | TooManyTags():
                message = (
                    f"none of the {choice.tags} versions of {self._chart} is in {self.spec.range} "
                    f"({choice.account}): publish one, or change range"
                )
                outcome = Waiting(Reason.NO_TAG_MATCHES, message)
        return Trouble(self.name, outcome, choice, ripening)

    @property
    def _chart(self) -> str:
        return self.place.strip()

    async def _authorization(self, chart: HttpChart) -> str | None:
        if self.spec.secret_ref is None:
            return None
        secret = await read_secret(
            self.context.kube, self.namespace, self.spec.secret_ref.name, "chart.secretRef"
        )
        return basic_header(_credential(secret, chart))


def _credential(secret: Secret, chart: HttpChart) -> Credential:
    """What the Secret holds for the repository, whichever way it calls the host."""
    usual, *others = chart.hosts
    for host in others:
        with contextlib.suppress(CredentialNotBound):
            return credential_for(secret, host)
    return credential_for(secret, usual)
