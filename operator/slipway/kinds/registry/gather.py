"""Reading a Registry, and testing its connection when that is due."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from slipway.api.base import parse_duration
from slipway.api.registry import Registry
from slipway.engine.key import Key
from slipway.kinds.asked import Asked
from slipway.kinds.context import Context
from slipway.kinds.looks import Cause, Look, Looks, Schedule, why_look
from slipway.kinds.outcomes import is_ready
from slipway.kinds.registry.access import AccessProblem, problem_outcome
from slipway.kinds.registry.credentials import secret_versions
from slipway.kinds.registry.decide import Facts, Probe
from slipway.kinds.registry.features import look_at
from slipway.kinds.registry.pullsecret import PullFacts, docker_config, pull_secret_name
from slipway.kinds.registry.view import RegistryView
from slipway.kinds.stagger import next_due
from slipway.kube.resources import REGISTRIES, SECRETS
from slipway.kube.status import observed_from
from slipway.oci.errors import AuthenticationFailed, CredentialError, RateLimited, RegistryError
from slipway.oci.exchange.choosing import Cloud
from slipway.oci.pool import PooledRegistry

__all__ = ["RegistryGatherer"]

_LONGEST_REFUSAL: Final = timedelta(hours=1)
"""What a registry may keep us away with one answer."""

_LOST_AFTER: Final = timedelta(minutes=5)
"""How soon after a restart a pull Secret is looked at that may hold a credential with an end."""

_WITH_AN_END: Final = frozenset(Cloud)
"""The types whose Secrets may hold keys that are exchanged for a credential with an end."""

_SOONEST_RENEWAL: Final = timedelta(minutes=1)
"""How far apart two tests are, at least, that only renew a pull Secret."""

_ASSUMED_FAILURES: Final = 5
"""After a restart a connection that did not work is tested again within about a minute."""


class RegistryGatherer:
    """Gathers, and remembers the last test of each Registry."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._looks: Looks[Probe] = Looks()
        self._asked = Asked()
        self._credentials: dict[Key, str] = {}

    async def gather(self, key: Key) -> Facts | None:
        """Everything a decision needs; None when the Registry is gone.

        Raises:
            KubeError: when the API server does not answer.
        """
        body = await self._context.kube.get(REGISTRIES, key.namespace, key.name)
        if body is None:
            self.forget(key)
            self._note_credential(key, None)
            return None
        registry, observed = Registry.model_validate(body), observed_from(key, body)
        wanted = parse_duration(registry.spec.interval)
        schedule = Schedule(observed.uid, max(wanted, self._context.settings.minimum_interval), retry=True)
        if registry.spec.suspend:
            self.forget(key)
            return Facts(observed, registry, None, schedule)
        return await self._tested(body, Facts(observed, registry, None, schedule))

    async def _tested(self, body: dict[str, Any], facts: Facts) -> Facts:
        now = self._context.clock.now()
        view, observed = RegistryView.from_body(body), facts.observed
        requests, notes = self._asked.read(observed, now)
        secrets = await secret_versions(self._context.kube, view)
        last = self._looks.last(view.key, observed.uid)
        cause = why_look(
            last,
            facts.schedule,
            now,
            generation=observed.generation,
            observed_generation=_observed_generation(facts.registry),
            requested=bool(requests),
            changed=last is not None and last.dependency != secrets,
        )
        asked = replace(facts, requests=requests, notes=notes)
        if cause is None:
            look = last or _assumed(facts, view, now, secrets)
            self._looks.record(view.key, look)
            return replace(asked, look=look)
        pull: PullFacts | None
        attempt: Look[Probe] = Look(observed.uid, observed.generation, now, cause, None, dependency=secrets)
        try:
            connection = await self._context.registries.registry_of(view)
            self._note_credential(view.key, connection.credential_id)
            seen = await look_at(connection, facts.registry.status, thorough=_is_new(cause, last, attempt))
            look = replace(attempt, result=Probe(seen=seen, url=view.url))
            pull = await self._pull(facts.registry, view, connection)
            look = replace(look, look_again_at=_renewal(pull, connection, now))
        except (AccessProblem, RegistryError) as problem:
            look, pull = _failed(attempt, problem, last), await self._unwanted(facts.registry, view)
        self._looks.record(view.key, look)
        return replace(asked, look=look, pull=pull)

    async def _pull(self, registry: Registry, view: RegistryView, connection: PooledRegistry) -> PullFacts:
        """The pull Secret as it is, and as it must be with the credential that the registry has taken.

        The operator's own identity is not handed out: it opens more than the namespace may see.
        """
        name, wanted = pull_secret_name(view.key.name), None
        if registry.spec.pull_secret.enabled and not self._context.registries.is_ambient(view):
            credential = await connection.credentials.credential()
            wanted = docker_config(view.host, view.project, credential)
        live = await self._context.kube.get(SECRETS, view.key.namespace, name)
        return PullFacts(name, wanted, live)

    async def _unwanted(self, registry: Registry, view: RegistryView) -> PullFacts | None:
        """The pull Secret where there must be none; to remove it takes no connection."""
        if registry.spec.pull_secret.enabled and view.secret is not None:
            return None
        name = pull_secret_name(view.key.name)
        return PullFacts(name, None, await self._context.kube.get(SECRETS, view.key.namespace, name))

    def _note_credential(self, key: Key, credential_id: str | None) -> None:
        """What was found with a credential goes with it."""
        before = self._credentials.pop(key, None)
        if before is not None and before != credential_id:
            self._context.lookups.forget(before)
        if credential_id is not None:
            self._credentials[key] = credential_id

    def repeat(self, key: Key, uid: str) -> None:
        """Test anew at the next run: what the last test found could not be written."""
        last = self._looks.last(key, uid)
        if last is not None:
            again = replace(last, result=None, look_again_at=self._context.clock.now())
            self._looks.record(key, again)

    def forget(self, key: Key) -> None:
        """Drop what is known of the last test."""
        self._looks.forget(key)
        self._asked.forget(key)


def _observed_generation(registry: Registry) -> int:
    observed = registry.status.observed_generation
    return -1 if observed is None else observed


def _is_new(cause: Cause, last: Look[Probe] | None, attempt: Look[Probe]) -> bool:
    """Whether the registry may have become another one since it was last looked at closely."""
    if cause is Cause.REQUEST or last is None or last.result is None or last.result.trouble is not None:
        return True
    return (last.generation, last.dependency) != (attempt.generation, attempt.dependency)


def _assumed(facts: Facts, view: RegistryView, now: datetime, secrets: tuple[str | None, ...]) -> Look[Probe]:
    """The test that was made before a restart, as far as the status tells of it.

    When the credential in the pull Secret ends, if it does, only the process knew that got it from a cloud.
    """
    observed = facts.observed
    may_end = view.keeps_pull_secret and view.product in _WITH_AN_END
    return Look(
        observed.uid,
        observed.generation,
        now,
        Cause.POLL,
        None,
        failures=0 if is_ready(observed) else _ASSUMED_FAILURES,
        look_again_at=next_due(observed.uid, _LOST_AFTER, now) if may_end else None,
        dependency=secrets,
    )


def _renewal(pull: PullFacts, connection: PooledRegistry, now: datetime) -> datetime | None:
    """When pods need another credential than the one in their pull Secret; None where theirs stays.

    It is the moment from which on the source gives another one, so that the test of then finds it.
    """
    left = connection.credentials.renews_in
    if pull.wanted is None or left is None:
        return None
    return now + max(timedelta(seconds=math.ceil(left)), _SOONEST_RENEWAL)


def _failed(
    attempt: Look[Probe], problem: AccessProblem | RegistryError, last: Look[Probe] | None
) -> Look[Probe]:
    """A test that failed. One that a better credential would mend is repeated when there is another one.

    Trying a wrong password again and again gets accounts locked.
    """
    before = last.failures if last is not None and last.generation == attempt.generation else 0
    refused_for = problem.retry_after if isinstance(problem, RateLimited) else None
    return replace(
        attempt,
        result=Probe(problem.outcome if isinstance(problem, AccessProblem) else problem_outcome(problem)),
        failures=0 if _waits_for_a_credential(problem) else before + 1,
        not_before=attempt.at + min(timedelta(seconds=refused_for), _LONGEST_REFUSAL)
        if refused_for
        else None,
    )


def _waits_for_a_credential(problem: AccessProblem | RegistryError) -> bool:
    if isinstance(problem, AccessProblem):
        return True
    return isinstance(problem, AuthenticationFailed | CredentialError)
