"""Whether the API server serves the kinds that the operator works on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from slipway.kube.client import KubeClient
from slipway.kube.errors import KubeError
from slipway.kube.resources import Resource

__all__ = ["wait_until_served"]

_log = structlog.get_logger(__name__)

_PAUSE = 1.0
"""Seconds between two looks; the definitions usually come in the same minute as the operator."""


async def wait_until_served(client: KubeClient, resources: Iterable[Resource]) -> None:
    """Wait until the API server is reached and serves all these kinds; log what it waits for.

    A watch on a kind that is not there would end Kopf, and the operator with it.
    """
    wanted = tuple(resources)
    told = ""
    while waits_for := await _obstacle(client, wanted):
        if waits_for != told:
            _log.warning("Waiting for the API server", waits_for=waits_for)
            told = waits_for
        await asyncio.sleep(_PAUSE)


async def _obstacle(client: KubeClient, wanted: Iterable[Resource]) -> str:
    try:
        missing = [resource.key_kind for resource in wanted if not await client.serves(resource)]
    except KubeError as error:
        return str(error)
    return f"CustomResourceDefinitions that are not installed: {', '.join(missing)}" if missing else ""
