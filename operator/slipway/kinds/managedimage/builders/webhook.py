"""Builds by whoever takes a signed POST."""

from __future__ import annotations

from slipway.api.pipelines import WebhookReceiver
from slipway.build.builders.contract import Builder
from slipway.build.builders.webhook import WebhookBuilder
from slipway.kinds.context import Context
from slipway.kinds.managedimage.builders.way import way_to

__all__ = ["webhook_builder"]


async def webhook_builder(context: Context, namespace: str, wanted: WebhookReceiver) -> Builder:
    """The builder behind an address.

    Raises:
        BuilderError, SecretUnavailable, KubeError: as `way_to` says.
    """
    way = await way_to(context, namespace, wanted, "webhook")
    secret = way.secret.shared("secret")
    return way.patient(WebhookBuilder(way.http, wanted.url, secret, wanted.inputs, context.clock))
