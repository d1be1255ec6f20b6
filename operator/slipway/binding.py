"""Which hosts a Secret may be sent to. Pure.

A credential belongs to the hosts that its Secret names. Whoever may edit the object that uses the Secret, but
not the Secret itself, can therefore not have it sent to a host of their own.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["ALLOWED_HOSTS", "REFUSED_TYPES", "hosts_named", "matches"]

ALLOWED_HOSTS: Final = "slipway.dev/allowed-hosts"
"""Annotation of a Secret: the hosts that it may be sent to, comma separated."""

REFUSED_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "kubernetes.io/service-account-token": "a service account token opens the Kubernetes API alone",
        "helm.sh/release.v1": "it holds a Helm release",
        "bootstrap.kubernetes.io/token": "a bootstrap token opens the Kubernetes API alone",
    }
)
"""Types of Secrets that are sent nowhere, each with why."""


def hosts_named(annotations: Mapping[str, str]) -> tuple[str, ...]:
    """The hosts of the annotation, in lower case."""
    listed = annotations.get(ALLOWED_HOSTS, "")
    return tuple(entry.strip().lower() for entry in listed.split(",") if entry.strip())


def matches(pattern: str, host: str, path: str = "") -> bool:
    """The kubelet's rule: same port, as many labels, each a glob; a path in the pattern is a prefix.

    Args:
        pattern: `host`, `host:port` or either with a path.
        host: `host` or `host:port`, in lower case.
        path: What lies at the host, without a leading slash.
    """
    pattern_host, _, pattern_path = pattern.partition("/")
    name, _, port = pattern_host.partition(":")
    host_name, _, host_port = host.partition(":")
    labels, host_labels = name.split("."), host_name.split(".")
    return (
        port == host_port
        and len(labels) == len(host_labels)
        and all(fnmatch.fnmatchcase(label, glob) for label, glob in zip(host_labels, labels, strict=True))
        and path.startswith(pattern_path)
    )
