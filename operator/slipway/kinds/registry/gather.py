"""Reading a Registry, and testing its connection when that is due."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from slipway.api.base import parse_duration
from slipway.api.registry import Registry
from slipway.engine.key import Key
from slipway.engine.reconcile import Observed
from slipway.kinds.asked import Asked
from slipway.kinds.context import Context
from slipway.kinds.looks import Cause, Look, Looks, Schedule, why_look
from slipway.kinds.registry.access import AccessProblem, problem_outcome
from slipway.kinds.registry.credentials import secret_versions
from slipway.kinds.registry.decide import Facts, Probe
from slipway.kinds.registry.view import RegistryView
from slipway.kube.resources import REGISTRIES
from slipway.kube.status import observed_from
from slipway.oci.errors import RegistryError

__all__ = ["RegistryGatherer"]


class RegistryGatherer:
    """Gathers, and remembers the last test of each Registry."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._looks: Looks[Probe] = Looks()
        self._asked = Asked()

    async def gather(self, key: Key) -> Facts | None:
        """Everything a decision needs; None when the Registry is gone.

        Raises:
            KubeError: when the API server does not answer.
        """
        body = await self._context.kube.get(REGISTRIES, key.namespace, key.name)
        if body is None:
            self._forget(key)
            return None
        registry, observed = Registry.model_validate(body), observed_from(key, body)
        schedule = Schedule(observed.uid, parse_duration(registry.spec.interval), retry=False)
        if registry.spec.suspend:
            self._forget(key)
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
        if cause is not None:
            look = _look(observed, now, cause, await self._test(view), secrets)
        else:
            look = last or _look(observed, now, Cause.POLL, None, secrets)
        self._looks.record(view.key, look)
        return Facts(observed, facts.registry, look, facts.schedule, requests, notes)

    async def _test(self, view: RegistryView) -> Probe:
        """Ask the registry whether it is one and takes the credential."""
        try:
            client = await self._context.registries.client_of(view)
            await client.check()
        except AccessProblem as problem:
            return Probe(problem.outcome)
        except RegistryError as error:
            return Probe(problem_outcome(error))
        return Probe()

    def _forget(self, key: Key) -> None:
        self._looks.forget(key)
        self._asked.forget(key)


def _observed_generation(registry: Registry) -> int:
    observed = registry.status.observed_generation
    return -1 if observed is None else observed


def _look(
    observed: Observed, now: datetime, cause: Cause, probe: Probe | None, secrets: tuple[str | None, ...]
) -> Look[Probe]:
    failures = 1 if probe is not None and probe.trouble is not None else 0
    return Look(observed.uid, observed.generation, now, cause, probe, failures, dependency=secrets)
