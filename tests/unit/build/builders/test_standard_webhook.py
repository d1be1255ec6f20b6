from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.builders.errors import SecretUnusable
from slipway.build.builders.standard_webhook import WebhookSigner

MOMENT = datetime.fromtimestamp(1614265330, UTC)


def test_a_message_is_signed_as_the_reference_libraries_do() -> None:
    """The vector that they share."""
    signer = WebhookSigner.of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signer.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", MOMENT, b'{"test": 2432232314}')

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@given(st.binary(min_size=16, max_size=64), st.binary(max_size=200))
def test_who_has_the_secret_can_verify(key: bytes, content: bytes) -> None:
    """Whatever the secret and the body are."""
    secret = f"whsec_{base64.b64encode(key).decode()}\n"
    headers = WebhookSigner.of(secret).headers("id", MOMENT, content)

    expected = hmac.new(key, b"id.1614265330." + content, hashlib.sha256).digest()
    assert base64.b64decode(headers["webhook-signature"].removeprefix("v1,")) == expected


def test_a_plain_secret_is_taken_as_it_is() -> None:
    """Not everybody makes secrets in the form of the specification."""
    assert WebhookSigner.of("correct horse battery staple\n").key == b"correct horse battery staple"


@pytest.mark.parametrize("secret", ["", "short", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64!", "whsec_é"])
def test_a_secret_that_protects_nothing_is_refused(secret: str) -> None:
    """Too short, or cut off; the message says how to make one."""
    with pytest.raises(SecretUnusable, match=r"copy|make"):
        WebhookSigner.of(secret)


def test_the_secret_is_in_no_picture_of_the_signer() -> None:
    """Pictures get into logs."""
    assert "key" not in repr(WebhookSigner.of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
