"""Signs messages as Standard Webhooks have it, with a secret that both sides share.

The specification, version 1: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from slipway.build.builders.errors import SecretUnusable

__all__ = ["WebhookSigner"]

_PREFIX: Final = "whsec_"
_SHORTEST: Final = 16  # bytes; the specification wants 24 of those that it generates


@dataclass(frozen=True, slots=True)
class WebhookSigner:
    """Makes the headers by which a receiver knows a message for ours."""

    key: bytes = field(repr=False)
    """What both sides share."""

    @classmethod
    def of(cls, secret: str) -> WebhookSigner:
        """Reads a secret: `whsec_` and base64, or any text that is taken as it is.

        Raises:
            SecretUnusable: when it is too short, or not the base64 that it claims to be.
        """
        text = secret.strip()
        try:
            coded = text.removeprefix(_PREFIX)
            key = text.encode() if coded == text else base64.b64decode(coded, validate=True)
        except (binascii.Error, ValueError) as error:
            msg = f"the signing secret begins with {_PREFIX}, but no base64 follows: copy the whole of it"
            raise SecretUnusable(msg) from error
        if len(key) < _SHORTEST:
            msg = f"the signing secret is shorter than {_SHORTEST} bytes: make one of 24 to 64 random bytes"
            raise SecretUnusable(msg)
        return cls(key)

    def headers(self, message_id: str, moment: datetime, content: bytes) -> dict[str, str]:
        """The headers of one attempt to deliver a message.

        Args:
            message_id: The same for every attempt: by it receivers know what they have had. Without dots.
            moment: Of this attempt.
            content: The body, to the byte.
        """
        timestamp = str(int(moment.timestamp()))
        signed = b".".join((message_id.encode(), timestamp.encode(), content))
        signature = base64.b64encode(hmac.new(self.key, signed, hashlib.sha256).digest()).decode()
        return {
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": f"v1,{signature}",
        }
