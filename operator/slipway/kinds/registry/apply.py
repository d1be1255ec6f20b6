"""What a Registry brings about in the world: the Secret with which pods pull its images."""

from __future__ import annotations

from dataclasses import replace

from slipway.api.conditions import Reason
from slipway.engine.outcome import EventNote
from slipway.engine.reconcile import Plan
from slipway.kinds.context import Context
from slipway.kinds.registry.decide import Facts
from slipway.kinds.registry.pullsecret import DeletePullSecret, PullSecretAction, WritePullSecret
from slipway.kube.resources import SECRETS

__all__ = ["apply"]


async def apply(
    context: Context, facts: Facts, plan: Plan[PullSecretAction | None]
) -> Plan[PullSecretAction | None]:
    """Write or remove the pull Secret where the plan says so; a crash before the status repeats it.

    Raises:
        NameConflict: when a stranger's Secret took the name since it was read; it has not been touched.
        KubeError: when the API server does not take it.
    """
    match plan.actions:
        case WritePullSecret() as write:
            await context.children.ensure(facts.observed, SECRETS, write.body, live=write.live)
            return _told(plan, f"Secret {write.name} now holds the credential that the registry took")
        case DeletePullSecret(live):
            await context.children.delete(facts.observed, SECRETS, live)
            return _told(plan, f"Secret {live['metadata']['name']} was removed")
        case None:
            return plan


def _told(plan: Plan[PullSecretAction | None], message: str) -> Plan[PullSecretAction | None]:
    note = EventNote(Reason.PULL_SECRET_UPDATED, message, action="WritePullSecret")
    return replace(plan, events=(*plan.events, note))
