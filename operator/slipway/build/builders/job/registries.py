"""What a build Job needs of the registries that it pulls from and pushes to. Pure.

Credentials and certificates reach the Job as volumes of their Secrets: nobody copies them, and no argument or
variable has them. What the images make of them is in `images/common/registries.sh`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

__all__ = ["JobRegistry", "registry_mounts", "registry_options", "registry_volumes"]

_CREDENTIALS: Final = "/run/slipway/registries"
"""One file per credential, in the form of `~/.docker/config.json`."""

_CERTIFICATES: Final = "/run/slipway/certificates"
"""One directory per Secret with certificates."""

_READABLE_BY_GROUP: Final = 0o440


@dataclass(frozen=True, slots=True)
class JobRegistry:
    """One registry, as the Registry of the namespace describes it."""

    host: str
    """`host:port` as image references name it."""

    insecure: bool = False
    """Whether it has no TLS, or its certificate is not checked."""

    secret: str | None = None
    """Secret of type kubernetes.io/dockerconfigjson; None for anonymous access."""

    certificates: str | None = None
    """Secret with `ca.crt`, with `tls.crt` and `tls.key`, or with all three; None without one."""


def registry_options(registries: Sequence[JobRegistry]) -> Iterator[tuple[str, str]]:
    """The options of the command `build`."""
    for host in dict.fromkeys(one.host for one in registries if one.insecure):
        yield "--insecure", host
    for secret, directory in _certificate_directories(registries).items():
        for host in dict.fromkeys(one.host for one in registries if one.certificates == secret):
            yield "--certificates", f"{host}={directory}"
    if _credentials(registries):
        yield "--auth", _CREDENTIALS


def registry_volumes(registries: Sequence[JobRegistry]) -> Iterator[dict[str, Any]]:
    """The Secrets, by reference."""
    secrets = _credentials(registries)
    if secrets:
        # Of several credentials for one host BuildKit takes the last: the order is that of the registries.
        sources = [
            {"secret": {"name": name, "items": [{"key": ".dockerconfigjson", "path": f"{index:02}.json"}]}}
            for index, name in enumerate(secrets)
        ]
        yield {"name": "registries", "projected": {"sources": sources, "defaultMode": _READABLE_BY_GROUP}}
    for secret, directory in _certificate_directories(registries).items():
        yield {
            "name": _volume_of(directory),
            "secret": {"secretName": secret, "defaultMode": _READABLE_BY_GROUP},
        }


def registry_mounts(registries: Sequence[JobRegistry]) -> Iterator[dict[str, Any]]:
    """Where the container that builds finds them."""
    if _credentials(registries):
        yield {"name": "registries", "mountPath": _CREDENTIALS, "readOnly": True}
    for directory in _certificate_directories(registries).values():
        yield {"name": _volume_of(directory), "mountPath": directory, "readOnly": True}


def _credentials(registries: Sequence[JobRegistry]) -> list[str]:
    return list(dict.fromkeys(one.secret for one in registries if one.secret is not None))


def _certificate_directories(registries: Sequence[JobRegistry]) -> dict[str, str]:
    """The directory of each Secret. A host cannot name it: a path in a Job must not have its colon."""
    secrets = dict.fromkeys(one.certificates for one in registries if one.certificates is not None)
    return {secret: f"{_CERTIFICATES}/{index:02}" for index, secret in enumerate(secrets)}


def _volume_of(directory: str) -> str:
    return f"certificates-{directory.rpartition('/')[2]}"
