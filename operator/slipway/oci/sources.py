"""Where a credential comes from: a Secret as it is, or a cloud that exchanges it every few hours."""

from __future__ import annotations

from typing import Protocol

from slipway.oci.credentials import ANONYMOUS, Credential

__all__ = ["CredentialSource", "StaticCredential"]


class CredentialSource(Protocol):
    """Gives the credential that a registry takes now."""

    async def credential(self) -> Credential:
        """The credential; exchanged anew shortly before it ends, by one caller for all that wait.

        Raises:
            RegistryError: when the exchange is refused or fails.
        """

    @property
    def renews_in(self) -> float | None:
        """Seconds until it gives another one, well before the present one ends; None where it stays."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret value that it holds or has given out, in the forms they could come back in."""


class StaticCredential:
    """A credential that stays what it is."""

    __slots__ = ("_credential",)

    def __init__(self, credential: Credential = ANONYMOUS) -> None:
        self._credential = credential

    async def credential(self) -> Credential:
        """The credential."""
        return self._credential

    @property
    def renews_in(self) -> float | None:
        """Never."""
        return None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Its password or token."""
        return self._credential.secrets
