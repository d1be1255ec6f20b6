"""What comes back from a host, and what a secret belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from typing_extensions import override

__all__ = ["EndpointClass", "Headers", "Origin", "Response"]


class Origin(NamedTuple):
    """What a secret belongs to: scheme, host and port."""

    scheme: str
    host: str
    port: int

    @override
    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        standard = {"http": 80, "https": 443}.get(self.scheme) == self.port
        return f"{self.scheme}://{host}" if standard else f"{self.scheme}://{host}:{self.port}"


class EndpointClass(StrEnum):
    """Parts of a host that fail apart from each other: a registry may serve manifests and no list."""

    TOKEN = "token"  # noqa: S105 - the name of a part
    MANIFESTS = "manifests"
    TAGS = "tags"
    """Lists of tags and of repositories."""

    BLOBS = "blobs"
    API = "api"
    """The product's own API."""

    OTHER = "other"


class Headers:
    """Header fields by name, whatever its case; a field may occur several times."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in fields:
            self._fields.setdefault(name.lower(), []).append(value)

    def get(self, name: str) -> str | None:
        """The first field of this name."""
        values = self._fields.get(name.lower())
        return values[0] if values else None

    def all(self, name: str) -> list[str]:
        """Every field of this name, in the order they came."""
        return list(self._fields.get(name.lower(), ()))


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response. `body` is decoded; `url` is where it came from in the end, after redirects."""

    status: int
    headers: Headers
    body: bytes = field(repr=False)
    url: str
