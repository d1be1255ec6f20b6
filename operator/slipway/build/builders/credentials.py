"""What a builder is opened with, out of a Secret, and only for the hosts that the Secret names."""

from __future__ import annotations

from typing import Final

from slipway.binding import ALLOWED_HOSTS, REFUSED_TYPES, hosts_named, matches
from slipway.build.builders.errors import SecretNotBound, SecretUnusable
from slipway.http import origin_of
from slipway.oci.credentials import Secret

__all__ = ["BuilderSecret"]

_TYPE: Final = "Opaque"


class BuilderSecret:
    """A Secret that may be sent to one server.

    Args:
        secret: As it was read.
        url: Where it is to be sent.

    Raises:
        SecretNotBound: when the Secret does not name the host of the URL.
        SecretUnusable: when it is of another type than Opaque.
        InvalidUrl: when the URL is none.
    """

    __slots__ = ("_secret",)

    def __init__(self, secret: Secret, url: str) -> None:
        if secret.type != _TYPE:
            why = f": {REFUSED_TYPES[secret.type]}" if secret.type in REFUSED_TYPES else ""
            msg = (
                f"Secret {secret.name} has the type {secret.type}, which opens no builder{why}; "
                f"use one of type {_TYPE}"
            )
            raise SecretUnusable(msg)
        place = str(origin_of(url)).partition("://")[2]
        if not any(matches(entry, place) for entry in hosts_named(secret.annotations)):
            msg = (
                f"Secret {secret.name} does not say that it may be sent to {place}: annotate it with "
                f"{ALLOWED_HOSTS}: {place}"
            )
            raise SecretNotBound(msg)
        self._secret = secret

    @property
    def identity(self) -> int:
        """Equal where the content is; of no meaning to another process."""
        return hash(frozenset(self._secret.data.items()))

    def token(self, key: str) -> str:
        """A token that has to be there.

        Raises:
            SecretUnusable: when it is not, or is no token.
        """
        token = self.optional_token(key)
        if token is None:
            msg = f"Secret {self._secret.name} lacks the key `{key}`: put the token there"
            raise SecretUnusable(msg)
        return token

    def optional_token(self, key: str) -> str | None:
        """A token that may be there.

        Raises:
            SecretUnusable: when it is no token.
        """
        token = self._text(key)
        if token and not (token.isascii() and token.isprintable() and " " not in token):
            msg = f"Secret {self._secret.name}: `{key}` is not one word of printable ASCII"
            raise SecretUnusable(msg)
        return token or None

    def shared(self, key: str) -> str:
        """What both sides sign with; any text.

        Raises:
            SecretUnusable: when it is missing.
        """
        text = self._text(key)
        if not text:
            msg = f"Secret {self._secret.name} lacks the key `{key}`: put the shared secret there"
            raise SecretUnusable(msg)
        return text

    def _text(self, key: str) -> str:
        try:
            return self._secret.data.get(key, b"").decode().strip()
        except UnicodeDecodeError as error:
            msg = f"Secret {self._secret.name}: `{key}` is not text"
            raise SecretUnusable(msg) from error
