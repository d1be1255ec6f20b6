"""What a process knows of the pod it runs in, and what it is called where there is none."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

__all__ = ["NAMESPACE_FILE", "default_identity", "default_namespace"]

NAMESPACE_FILE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
"""Kubernetes puts it into every pod that has a service account."""

_IN_POD: Final = "KUBERNETES_SERVICE_HOST"


def default_identity(environment: Mapping[str, str]) -> str:
    """A name that no other process has: in a pod the pod's own, else the host's with a random end.

    A container that is restarted in its pod has the same name again, and goes on with the Lease at once.
    """
    host = socket.gethostname()
    return host if environment.get(_IN_POD) else f"{host}-{secrets.token_hex(4)}"


def default_namespace(file: Path = NAMESPACE_FILE) -> str:
    """The namespace of this pod; `default` outside of pods."""
    try:
        return file.read_text(encoding="utf-8").strip() or "default"
    except OSError:
        return "default"
