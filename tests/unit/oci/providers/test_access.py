from __future__ import annotations

import pytest

from slipway.http import origin_of
from slipway.oci.credentials import ANONYMOUS, Credential
from slipway.oci.providers.access import basic, bearer, may_see, secret_of, token_or_basic

HUB = "https://registry-1.docker.io"


@pytest.mark.parametrize(
    ("registry", "api", "hosts", "allowed"),
    [
        (HUB, "https://hub.docker.com", (), True),
        ("https://ghcr.io", "https://api.github.com", (), True),
        (HUB, "https://api.github.com", (), False),
        ("https://ghcr.io", "https://hub.docker.com", (), False),
        ("https://evil.example", "https://hub.docker.com", (), False),
        (HUB, "http://hub.docker.com", (), False),
        (HUB, "https://hub.docker.com:8443", (), False),
        ("https://harbor.example.com", "https://harbor.example.com", (), True),
        ("https://harbor.example.com", "https://harbor.example.com:8443", (), False),
        ("https://harbor.example.com", "http://harbor.example.com", ("harbor.example.com",), False),
        ("http://harbor.example.com", "http://harbor.example.com", (), True),
        ("https://registry.example.com", "https://gitlab.example.com", (), False),
        ("https://registry.example.com", "https://gitlab.example.com", ("gitlab.example.com",), True),
        ("https://registry.example.com", "https://gitlab.example.com:8443", ("gitlab.example.com",), False),
        (
            "https://registry.example.com",
            "https://gitlab.example.com:8443",
            ("gitlab.example.com:8443",),
            True,
        ),
        ("https://registry.example.com", "https://gitlab.example.com", ("*.example.com",), False),
        ("http://registry.example.com", "https://gitlab.example.com", ("gitlab.example.com",), True),
    ],
)
def test_who_may_see_the_credential(registry: str, api: str, hosts: tuple[str, ...], allowed: bool) -> None:
    """The registry itself, its vendor's own API, and what the Secret names; and never without TLS."""
    credential = Credential.basic("robot", "word", hosts)

    assert may_see(credential, origin_of(api), origin_of(registry)) is allowed


def test_how_credentials_are_shown() -> None:
    """Nobody shows nothing; a token is a password where user names are wanted."""
    pair, token = Credential.basic("robot", "word"), Credential.bearer("pat")

    assert (basic(ANONYMOUS), bearer(ANONYMOUS), token_or_basic(ANONYMOUS)) == (None, None, None)
    assert basic(pair) == token_or_basic(pair) == "Basic cm9ib3Q6d29yZA=="
    assert (bearer(pair), bearer(token), token_or_basic(token)) == ("Bearer word", "Bearer pat", "Bearer pat")
    assert (secret_of(pair), secret_of(token), secret_of(ANONYMOUS)) == ("word", "pat", "")
