"""One Deployment and its children in memory: decisions carried out as `apply` does, with crashes in between.

Nothing of Kubernetes is imitated but this: what was written is there at the next look.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from slipway.api.deployment import DeploymentSpec, DeploymentStatus, HistoryEntry
from slipway.engine.outcome import Waiting
from slipway.engine.reconcile import Observed, Plan
from slipway.kinds.deployment.decide import decide
from slipway.kinds.deployment.facts import Actions, DeploymentPlan, Facts
from slipway.kinds.deployment.offer import Candidate, Offer, from_reference
from slipway.kinds.deployment.revisions import Revision
from slipway.kinds.deployment.template import controller_revision
from slipway.kinds.deployment.view import deployment_key
from slipway.kinds.deployment.workload import Resolution, Workload
from slipway.redact import redact

__all__ = ["REPOSITORY", "START", "Crash", "World", "digest", "managed_offer"]

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
REPOSITORY = "registry.test/shop/api"
NAME = "api"


class Crash(Exception):  # noqa: N818 - it is what happens to the operator, not an error of a caller
    """The operator was killed."""


def digest(number: int) -> str:
    """The digest of build `number`."""
    return f"sha256:{number:064x}"


def managed_offer(*numbers: int) -> Offer:
    """Builds of ManagedImage `api`, newest first."""
    return Offer(
        REPOSITORY,
        tuple(
            Candidate(digest(number), f"{REPOSITORY}@{digest(number)}", f"ManagedImage api: build {number}")
            for number in numbers
        ),
    )


class World:
    """The object, its children and its image source."""

    def __init__(self, offer: Offer | None = None, **spec: Any) -> None:
        self.spec: dict[str, Any] = {
            "image": {"type": "ManagedImage", "managedImage": {"name": "api"}},
            **spec,
        }
        self.offer = offer or managed_offer(1)
        self.resolution: Resolution | None = None
        self.registry_error: str | None = None
        self.pull_secret: str | None = None
        self.strangers: frozenset[str] = frozenset()
        self.left_over: frozenset[str] = frozenset()
        self.unwatched: frozenset[str] = frozenset()
        self.unheard: frozenset[int] = frozenset()
        """Numbers of revisions that lost the label which they are watched by."""
        self.autoscaled = False
        self.trouble: str | None = None
        self.generation = 1
        self.observed_generation = -1
        self.status: dict[str, Any] = {}
        self.conditions: tuple[Any, ...] = ()
        self.workload: dict[str, Any] | None = None
        self.service: dict[str, Any] | None = None
        self.revisions: list[dict[str, Any]] = []
        self.now = START
        self.writes = 0
        self.crash_before: int | None = None
        self.ran: list[str] = []
        """Every image that a workload was set to, in order."""
        self._versions = itertools.count(1)

    # --- what a person, a source or Kubernetes does

    def change(self, **spec: Any) -> None:
        """Edit the spec; None removes a field."""
        merged = {**self.spec, **spec}
        self.spec = {name: value for name, value in merged.items() if value is not None}
        self.generation += 1

    def refer_to(self, reference: str, resolved: str) -> None:
        """Set a reference, and what the registry says it is now."""
        self.change(image={"type": "Reference", "reference": reference})
        self.offer, self.resolution = from_reference(reference, resolved), Resolution(reference, resolved)

    def pass_time(self, seconds: float = 1) -> None:
        """Later."""
        self.now += timedelta(seconds=seconds)

    def roll_out(self) -> None:
        """Kubernetes brings all pods about."""
        self._set_workload_status(lambda count: {
            "replicas": count, "updatedReplicas": count, "readyReplicas": count, "availableReplicas": count,
            "conditions": [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}],
        })  # fmt: skip

    def get_stuck(self) -> None:
        """The new pods do not get ready before the deadline."""
        self._set_workload_status(lambda count: {
            "replicas": count + 1, "updatedReplicas": 1, "readyReplicas": count, "availableReplicas": count,
            "conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}],
        })  # fmt: skip

    def lose_pods(self) -> None:
        """All pods of a complete rollout stop being ready."""
        self._set_workload_status(lambda count: {
            "replicas": count, "updatedReplicas": count,
            "conditions": [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}],
        })  # fmt: skip

    def _set_workload_status(self, make: Callable[[int], Mapping[str, Any]]) -> None:
        if self.workload is not None:
            generation = self.workload["metadata"]["generation"]
            count = self.workload["spec"]["replicas"]
            self.workload["status"] = {"observedGeneration": generation, **make(count)}

    # --- the operator

    def facts(self) -> Facts:
        """All that gather would read."""
        read = (Revision.from_body(body) for body in self.revisions)
        found = (replace(one, watched=one.number not in self.unheard) for one in read if one)
        return Facts(
            observed=Observed(
                key=deployment_key("shop", NAME),
                uid="owner",
                resource_version="1",
                generation=self.generation,
                status={**self.status, "observedGeneration": self.observed_generation},
                status_hash=b"",
                annotations={},
                created_at=START,
            ),
            spec=DeploymentSpec.model_validate(self.spec),
            status=DeploymentStatus.model_validate(self.status),
            offer=self.offer,
            autoscaled=self.autoscaled,
            resolution=self.resolution,
            registry_error=self.registry_error,
            pull_secret=self.pull_secret,
            workload=Workload.from_body(copy.deepcopy(self.workload)) if self.workload else None,
            service=copy.deepcopy(self.service),
            strangers=self.strangers,
            left_over=self.left_over,
            unwatched=self.unwatched,
            revisions=tuple(found),
            trouble=self.trouble,
        )

    def plan(self) -> DeploymentPlan:
        """What would be done now."""
        return decide(self.facts(), self.now)

    def reconcile(self) -> DeploymentPlan:
        """Runs until there is something to wait for that is told in the status."""
        plan = self._run()
        while isinstance(plan.outcome, Waiting) and (plan.keeps_status or plan.outcome.until == timedelta(0)):
            self.now += plan.outcome.until or timedelta(0)
            plan = self._run()
        return plan

    def reconcile_once(self) -> DeploymentPlan:
        """One run."""
        return self._run()

    def _run(self) -> DeploymentPlan:
        plan = self.plan()
        if not plan.actions.nothing:
            self._carry_out(plan.actions)
            after = replace(decide(self.facts(), self.now), actions=plan.actions)
            if not after.keeps_status:
                self._write()
            self._record(after)
            return after
        if _redacted(plan.status) != self.status and not plan.keeps_status:
            self._write()
        self._record(plan)
        return plan

    def settle(self) -> DeploymentPlan:
        """Reconcile, let Kubernetes roll out, reconcile."""
        self.reconcile()
        self.roll_out()
        self.pass_time()
        return self.reconcile()

    def _record(self, plan: Plan[Actions]) -> None:
        if plan.keeps_status:
            return
        self.observed_generation = self.generation
        # Secrets are taken out of a status on its way.
        self.status, self.conditions = _redacted(plan.status), plan.conditions

    def _carry_out(self, actions: Actions) -> None:
        for revision, rejected in actions.restore:
            self._store(revision, rejected)
        if actions.revision is not None:
            self._store(actions.revision, None)
        for revision, rejected in actions.annotate:
            self._store(revision, rejected)
            self.unheard -= {revision.number}
        if actions.service is not None:
            self._write()
            self.service = self._merged(self.service, actions.service)
            self.unwatched -= {"Service"}
        if actions.workload is not None:
            self._write()
            self.workload = self._merged(self.workload, actions.workload)
            self.unwatched -= {"Deployment"}
            self.ran.append(self.image)
        if actions.drop_service:
            self._write()
            self.service = None
        for revision in actions.prune:
            self._write()
            self.revisions = [body for body in self.revisions if body["revision"] != revision.number]

    def _write(self) -> None:
        if self.crash_before is not None:
            if self.crash_before == 0:
                self.crash_before = None
                raise Crash
            self.crash_before -= 1
        self.writes += 1

    def _store(self, revision: Revision, rejected: Any) -> None:
        self._write()
        name = f"{NAME}-{revision.identity}"
        live = next((body for body in self.revisions if body["metadata"]["name"] == name), None)
        body = self._merged(live, controller_revision(name, NAME, revision, rejected))
        self.revisions = [known for known in self.revisions if known is not live] + [body]

    def _merged(self, live: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> dict[str, Any]:
        body = copy.deepcopy(dict(wanted))
        before = live or {"metadata": {"uid": f"uid-{next(self._versions)}", "generation": 0}}
        changed = before.get("spec") != body.get("spec")
        body["metadata"] |= {
            "uid": before["metadata"]["uid"],
            "resourceVersion": str(next(self._versions)),
            "generation": before["metadata"].get("generation", 0) + changed,
            "namespace": "shop",
        }
        return {**body, "status": before.get("status", {})}

    # --- what there is

    @property
    def image(self) -> str:
        """The image that the workload is set to; empty without one."""
        if self.workload is None:
            return ""
        return str(self.workload["spec"]["template"]["spec"]["containers"][0]["image"])

    @property
    def digest(self) -> str:
        """The digest that the workload is set to."""
        return self.image.partition("@")[2]

    @property
    def history(self) -> tuple[HistoryEntry, ...]:
        """As recorded."""
        return DeploymentStatus.model_validate(self.status).history

    @property
    def told(self) -> list[tuple[str, int, str | None]]:
        """Action, revision and outcome of each entry, newest first."""
        return [(entry.action, entry.revision, entry.outcome) for entry in self.history]

    @property
    def rejected(self) -> set[str]:
        """The digests recorded as rejected."""
        return {rejection["digest"] for rejection in self.status.get("rejected", ())}

    @property
    def numbers(self) -> list[int]:
        """The numbers of the revisions that are kept."""
        return sorted(body["revision"] for body in self.revisions)

    @property
    def phase(self) -> str:
        """As recorded."""
        return str(self.status.get("phase"))

    @property
    def message(self) -> str:
        """As recorded."""
        return str(self.status.get("message"))


def _redacted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _redacted(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(item) for item in value]
    return redact(value) if isinstance(value, str) else value
