"""The settings of the operator process, read once at start from the environment.

Each field is the variable of the same name in capitals, with `SLIPWAY_` before it: `minimum_interval` is
`SLIPWAY_MINIMUM_INTERVAL`. Whatever a user of the cluster decides is a field of an object, not a setting.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from slipway.api.durations import parse_duration

__all__ = ["LogFormat", "LogLevel", "Settings", "SettingsError"]

LogFormat: TypeAlias = Literal["auto", "console", "json"]
LogLevel: TypeAlias = Literal["debug", "info", "warning", "error"]

PREFIX: Final = "SLIPWAY_"

_NAMESPACE: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_LONGEST_IDENTITY: Final = 253


class SettingsError(ValueError):
    """One or more variables have values that cannot work; the message has a line for each of them."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the operator runs."""

    kubeconfig: Path | None = None
    """File that says how to reach the API server. Default: what `KUBECONFIG` names, else the service account
    of the pod, else `~/.kube/config`."""

    minimum_interval: timedelta = timedelta(minutes=1)
    """Shortest time between two looks of one Warehouse at its registry; shorter intervals are raised to it.
    Default `1m`: registries count requests, and many users share one operator."""

    egress_allow: tuple[str, ...] = ()
    """Addresses that the operator may connect to although its policy refuses them (loopback, the API server,
    names inside the cluster, plain http), separated by commas: `host`, `host:port`, `host:*` or a CIDR.
    Default: empty."""

    ambient_registries: tuple[str, ...] = ()
    """Hosts of Amazon, Azure and Google registries that Registries without a Secret may open with the cloud
    identity of the operator's own pod, separated by commas; labels may be globs, as in
    `123456789012.dkr.ecr.*.amazonaws.com`. Default: empty, for whoever may create a Registry could use it."""

    cache_directory: str = "~/.cache/slipway"
    """Directory of what was learned about images, so that it need not be asked again after a restart; `none`
    keeps it in memory alone. Default `~/.cache/slipway`. Where it cannot be written, memory has to do."""

    require_policies: bool = False
    """`true`: what the admission policies in `policies/` guard (emergency rebuilds, builds by Jobs) is
    refused while they are not installed. Default `false`: without them everybody who may write a
    ManagedImage may ask for it, and nobody knows who did."""

    builds: int = 10
    """Builds that are under way at the same time in the whole cluster, 1 to 1000; an emergency may be one
    more. Default 10."""

    builder_image: str = ""
    """Image with the command `build`, made of `images/builder-buildah`, or of `images/builder-buildkit` where
    `buildkit_address` is set. Default: none, so that no ManagedImage can use `build.type: Job`."""

    git_image: str = ""
    """Image with the command `clone`, made of `images/git-clone`. Default: none, as above."""

    buildkit_address: str = ""
    """`tcp://host:port` of a BuildKit daemon that build Jobs use. Default: none; they build by themselves,
    with buildah."""

    workers: int = 32
    """Objects that are worked on at the same time, 1 to 256. Default 32: a run mostly waits for answers, and
    more in flight would crowd out other clients of the API server."""

    resync_interval: timedelta = timedelta(minutes=10)
    """Time between two whole lists of all objects, which find what a broken watch missed. Default `10m`."""

    identity: str = ""
    """The name by which this process takes the Lease. No two processes may use one at the same time: a
    process that finds its own name in the Lease goes on with it at once. Default: the host name, which in a
    pod is the pod's own, but not with `hostNetwork` or `hostname`; outside of pods with a random end."""

    lease_namespace: str = ""
    """Namespace of the Lease `slipway`. Replicas that share it take turns; those that do not, know nothing of
    each other. Default: that of the pod, else, and with a kubeconfig, `default`."""

    lease_duration: timedelta = timedelta(seconds=45)
    """Time after which another replica takes over from one that says nothing any more, `10s` to `10m`.
    Requests that change something may take two thirds of it at most. Default `45s`: two thirds are the 30 s
    that all other requests have, too."""

    health_host: str = "0.0.0.0"  # noqa: S104 - the kubelet asks on the address of the pod
    """Address of `/healthz` and `/readyz`. Default: all addresses, because the kubelet asks from outside."""

    health_port: int = 8080
    """Port of `/healthz` and `/readyz`, 1 to 65535. Default 8080."""

    log_format: LogFormat = "auto"
    """`json` writes one object a line for log collectors, `console` lines for people. Default `auto`: console
    on a terminal, else json."""

    log_level: LogLevel = "info"
    """The least urgent messages that are written: debug, info, warning or error. Default `info`."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """The settings that the variables name; an empty variable counts as not there.

        Raises:
            SettingsError: with a line for each variable whose value cannot work.
        """
        given = {name: value.strip() for name, value in environment.items() if name.startswith(PREFIX)}
        values, complaints = _read_all({name: value for name, value in given.items() if value})
        if complaints:
            raise SettingsError("\n".join(complaints))
        return cls(**values)


def _read_all(given: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    values: dict[str, Any] = {}
    complaints = []
    for name, text in sorted(given.items()):
        field = name.removeprefix(PREFIX).lower()
        # Others are no mistake: a Service called slipway puts SLIPWAY_PORT and more into the pods beside it.
        if field not in _READERS:
            continue
        try:
            values[field] = _READERS[field](text)
        except ValueError as error:
            complaints.append(f"{name}: {error}")
    return values, complaints


def _duration(text: str) -> timedelta:
    duration = parse_duration(text)
    if duration < timedelta(seconds=1):
        msg = f"{text!r} is too short: write 1s or more"
        raise ValueError(msg)
    return duration


def _lease_duration(text: str) -> timedelta:
    duration = parse_duration(text)
    if not timedelta(seconds=10) <= duration <= timedelta(minutes=10):
        msg = f"{text!r} is not between 10s and 10m"
        raise ValueError(msg)
    return duration


def _name(text: str) -> str:
    if len(text) > _LONGEST_IDENTITY or not text.isprintable():
        msg = f"{text[:40]!r} is no name: write up to {_LONGEST_IDENTITY} printable characters"
        raise ValueError(msg)
    return text


def _namespace(text: str) -> str:
    if not _NAMESPACE.fullmatch(text):
        msg = f"{text[:80]!r} is no namespace: write up to 63 of a-z, 0-9 and -"
        raise ValueError(msg)
    return text


def _number(lowest: int, highest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and lowest <= int(text) <= highest):
            msg = f"{text!r} is not a whole number from {lowest} to {highest}"
            raise ValueError(msg)
        return int(text)

    return read


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in choices:
            msg = f"{text!r} is not one of {', '.join(choices)}"
            raise ValueError(msg)
        return text.lower()

    return read


def _truth(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        msg = f"{text!r} is neither true nor false"
        raise ValueError(msg)
    return text.lower() == "true"


def _addresses(text: str) -> tuple[str, ...]:
    addresses = tuple(part.strip() for part in text.split(",") if part.strip())
    for address in addresses:
        if "://" in address or any(character.isspace() for character in address):
            msg = f"{address!r} is no address: write host, host:port, host:* or a CIDR, separated by commas"
            raise ValueError(msg)
    return addresses


def _file(text: str) -> Path:
    path = Path(text)
    if not path.is_file():
        msg = f"there is no file {text!r}"
        raise ValueError(msg)
    return path


_READERS: Final[Mapping[str, Callable[[str], object]]] = {
    "kubeconfig": _file,
    "minimum_interval": _duration,
    "egress_allow": _addresses,
    "ambient_registries": _addresses,
    "cache_directory": str,
    "require_policies": _truth,
    "builds": _number(1, 1000),
    "builder_image": str,
    "git_image": str,
    "buildkit_address": str,
    "workers": _number(1, 256),
    "resync_interval": _duration,
    "identity": _name,
    "lease_namespace": _namespace,
    "lease_duration": _lease_duration,
    "health_host": str,
    "health_port": _number(1, 65535),
    "log_format": _one_of("auto", "console", "json"),
    "log_level": _one_of("debug", "info", "warning", "error"),
}
