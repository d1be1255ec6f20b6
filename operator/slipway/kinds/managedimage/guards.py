"""What may be done only while the admission policies that guard it are installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from slipway.api.conditions import Reason
from slipway.api.policies.shipped import EMERGENCY_REBUILD, JOB_BUILD, REQUESTED_BY
from slipway.engine.requests import Request
from slipway.kinds.context import Context
from slipway.kinds.managedimage.words import EMERGENCY

__all__ = ["may_build_by_jobs", "refused_requests"]

_HOW: str = "apply the manifests in policies/, or set SLIPWAY_REQUIRE_POLICIES to false"


async def refused_requests(context: Context, requests: Iterable[Request]) -> Mapping[str, tuple[str, str]]:
    """The requests that must not be followed: by verb, the reason and what to do.

    Raises:
        KubeError: when the API server does not answer.
    """
    if all(request.verb != EMERGENCY for request in requests):
        return {}
    if await _are_installed(context, REQUESTED_BY, EMERGENCY_REBUILD):
        return {}
    message = f"An emergency rebuild was refused: nothing checks who demands it; {_HOW}"
    return {EMERGENCY: (Reason.POLICY_MISSING, message)}


async def may_build_by_jobs(context: Context) -> str | None:
    """Why no build by a Job may begin; None where one may.

    Raises:
        KubeError: when the API server does not answer.
    """
    if await _are_installed(context, JOB_BUILD):
        return None
    return f"Nothing checks whether who wrote this may create Jobs; {_HOW}"


async def _are_installed(context: Context, *names: str) -> bool:
    """Whether the policies are in force, or nobody demands them."""
    if not context.settings.require_policies:
        return True
    return all([await context.policies.installed(name) for name in names])
