"""What the store keeps of a Registry."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from slipway.api.base import parse_duration
from slipway.api.registry import KNOWN_URLS
from slipway.egress import Limits
from slipway.engine.key import Key
from slipway.engine.view import PlainView, hash_status, hash_wish
from slipway.oci.errors import InvalidReference
from slipway.oci.reference import ImageReference

__all__ = ["KIND", "RegistryView", "host_topic", "registry_key"]

KIND: Final = "registries.slipway.dev"
"""The kind in a Registry's key."""

_TIMEOUT: Final = timedelta(seconds=30)


def registry_key(namespace: str, name: str) -> Key:
    """The key of a Registry."""
    return Key(KIND, namespace, name)


def host_topic(namespace: str, host: str) -> Hashable:
    """The topic under which the Registries of one namespace for one host are found."""
    return ("registry-host", namespace, host)


@dataclass(frozen=True, slots=True)
class RegistryView(PlainView):
    """A Registry as look-ups and registry clients need it."""

    key: Key
    uid: str
    resource_version: int
    generation: int
    wish: bytes
    status_hash: bytes
    url: str
    host: str
    """Host and port of the url as image references name them; without the port that the scheme implies."""

    product: str
    """The type: what the registry is a product of."""

    project: str
    """What repositories must lie below; empty for all."""

    secret: str | None
    """Name of the Secret with the credential."""

    keeps_pull_secret: bool
    """Whether there is a Secret for pods, where the credential is one that they may have."""

    cert_secret: str | None
    """Name of the Secret with the certificates."""

    verify: bool
    """Whether the certificate of the registry is checked."""

    timeout: timedelta
    limits: Limits
    """How much it is asked at most."""

    suspended: bool
    phase: str
    """Pending, Connected or Error; empty before the first status."""

    @property
    def owner(self) -> Key | None:
        """Nobody: a person made it."""
        return None

    @property
    def topics(self) -> tuple[Hashable, ...]:
        """The host it stands for, in its namespace."""
        return (host_topic(self.key.namespace, self.host),)

    @property
    def listens(self) -> tuple[Hashable, ...]:
        """Nothing: Secrets are not watched."""
        return ()

    @property
    def connected(self) -> bool | None:
        """Whether the last test succeeded; None before the first."""
        return None if self.phase in {"", "Pending"} else self.phase == "Connected"

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> RegistryView:
        """Read a live object. Lenient: a value that the schema would refuse becomes its default."""
        metadata, spec, status = body["metadata"], body.get("spec") or {}, body.get("status") or {}
        url = str(spec.get("url") or KNOWN_URLS.get(spec.get("type", ""), "")).rstrip("/")
        return cls(
            key=registry_key(metadata.get("namespace", ""), metadata["name"]),
            uid=metadata.get("uid", ""),
            resource_version=int(metadata.get("resourceVersion") or 0),
            generation=metadata.get("generation", 0),
            wish=hash_wish(spec, metadata.get("annotations"), metadata.get("deletionTimestamp")),
            status_hash=hash_status(status),
            url=url,
            host=_host(url),
            product=spec.get("type") or "Generic",
            project=spec.get("project") or "",
            secret=(spec.get("secretRef") or {}).get("name"),
            keeps_pull_secret=_keeps_pull_secret(spec),
            cert_secret=(spec.get("certSecretRef") or {}).get("name"),
            verify=(spec.get("tls") or {}).get("verify", "Full") != "None",
            timeout=_timeout(spec),
            limits=_limits(spec.get("limits") or {}),
            suspended=spec.get("suspend") is True,
            phase=status.get("phase") or "",
        )


def _timeout(spec: Mapping[str, Any]) -> timedelta:
    try:
        return parse_duration(spec.get("timeout", ""))
    except (TypeError, ValueError):
        return _TIMEOUT


def _keeps_pull_secret(spec: Mapping[str, Any]) -> bool:
    return bool(spec.get("secretRef")) and (spec.get("pullSecret") or {}).get("enabled") is not False


def _limits(spec: Mapping[str, Any]) -> Limits:
    """What is not said, or no number, is as by default."""
    usual = Limits()
    return Limits(
        requests_per_second=_number(spec.get("requestsPerSecond"), usual.requests_per_second),
        concurrency=int(_number(spec.get("concurrency"), usual.concurrency)),
        pull_budget_percent=int(_number(spec.get("pullBudgetPercent"), usual.pull_budget_percent)),
    )


def _number(value: Any, usual: float) -> float:
    return value if isinstance(value, int) and value > 0 else usual


def _host(url: str) -> str:
    """Host and port as references name them: `https://Registry.example.com:443` is `registry.example.com`."""
    parts = urlsplit(url)
    implied = {"https": ":443", "http": ":80"}.get(parts.scheme, "")
    host = parts.netloc.rpartition("@")[2].lower().removesuffix(implied)
    try:
        # The aliases of Docker Hub have one name in references.
        return ImageReference.parse(f"{host}/any").registry
    except InvalidReference:
        return host
