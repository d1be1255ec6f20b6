"""Google's Artifact Registry, which serves gcr.io, too: an access token is the password.

https://docs.cloud.google.com/artifact-registry/docs/docker/authentication#token.
"""

from __future__ import annotations

import re
from typing import Final

from typing_extensions import override

from slipway.clock import Clock
from slipway.http import HttpClient
from slipway.oci.credentials import Credential
from slipway.oci.exchange.google_identity import GoogleIdentity
from slipway.oci.exchange.google_tokens import GoogleTokens
from slipway.oci.exchange.renewing import Lease, RenewedCredential

__all__ = ["ACCESS_TOKEN_USER", "GarCredential", "is_google_host"]

ACCESS_TOKEN_USER: Final = "oauth2accesstoken"  # noqa: S105
"""The user name that goes with an access token."""

_HOST: Final = re.compile(r"[a-z][a-z0-9-]{1,40}-docker\.pkg\.dev|(?:(?:us|eu|asia)\.)?gcr\.io")


def is_google_host(host: str) -> bool:
    """Whether Google has it: `<location>-docker.pkg.dev`, `gcr.io`, or a region of the latter."""
    return _HOST.fullmatch(host.lower()) is not None


class GarCredential(RenewedCredential):
    """The Basic credential of Google's registries, renewed while it is used."""

    def __init__(
        self, identity: GoogleIdentity, http: HttpClient, clock: Clock, hosts: tuple[str, ...] = ()
    ) -> None:
        self._tokens = GoogleTokens(identity, http, clock)
        self._hosts = hosts
        super().__init__(clock)

    @property
    @override
    def own_secrets(self) -> tuple[str, ...]:
        """The private key, and the tokens of the identity."""
        return self._tokens.secrets

    @override
    async def fetch(self) -> Lease[Credential]:
        lease = await self._tokens.fetch()
        return Lease(Credential.basic(ACCESS_TOKEN_USER, lease.value, self._hosts), lease.lifetime)
