"""What a person chose that makes one revision differ from another. Pure.

The number of replicas, the strategy and the deadline are not among it: changing them replaces no pod.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

from slipway.api.deployment import DeploymentSpec, Port

__all__ = ["Inputs", "PortInput", "digest_of", "identity_of", "inputs_of", "pinned"]

_IDENTITY_LENGTH: Final = 10
"""Hexadecimal digits of an identity: 40 bits, for at most some hundred revisions of one application."""


@dataclass(frozen=True, slots=True)
class PortInput:
    """One port of the container and of the Service."""

    name: str
    container_port: int
    service_port: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of one revision."""

    image: str
    """`repository@digest`."""

    ports: tuple[PortInput, ...] = ()
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    requests: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The digest of the image."""
        return digest_of(self.image)

    def to_json(self) -> dict[str, Any]:
        """The form that is stored and hashed. What is left at its default is not in it, so that a field that
        is added later changes no identity.
        """
        resources = {"requests": dict(self.requests), "limits": dict(self.limits)}
        whole: dict[str, Any] = {
            "image": self.image,
            "ports": [_port_to_json(port) for port in self.ports],
            "command": list(self.command),
            "args": list(self.args),
            "resources": {name: amounts for name, amounts in resources.items() if amounts},
        }
        return {name: value for name, value in whole.items() if value}

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Inputs:
        """Read the stored form.

        Raises:
            KeyError, TypeError, AttributeError: when it is not one.
        """
        resources = body.get("resources") or {}
        return cls(
            image=str(body["image"]),
            ports=tuple(_port_from_json(port) for port in body.get("ports") or ()),
            command=tuple(body.get("command") or ()),
            args=tuple(body.get("args") or ()),
            requests=dict(resources.get("requests") or {}),
            limits=dict(resources.get("limits") or {}),
        )


def inputs_of(spec: DeploymentSpec, image: str) -> Inputs:
    """The inputs that a spec stands for when it runs this image (`repository@digest`)."""
    resources = spec.resources
    return Inputs(
        image=image,
        # A list-map has no order of its own: two orders of the same ports are the same application.
        ports=tuple(sorted(map(_port_of, spec.ports), key=lambda port: port.name)),
        command=spec.command,
        args=spec.args,
        requests=_amounts(resources.requests) if resources else {},
        limits=_amounts(resources.limits) if resources else {},
    )


def identity_of(inputs: Inputs) -> str:
    """The short hash that names a revision: equal inputs are one revision, today and after an upgrade."""
    text = json.dumps(inputs.to_json(), sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:_IDENTITY_LENGTH]


def pinned(repository: str, digest: str) -> str:
    """An image that can never mean another one: `repository@digest`."""
    return f"{repository}@{digest}"


def digest_of(image: str) -> str:
    """The digest of a pinned image; empty where there is none."""
    return image.partition("@")[2]


def _port_of(port: Port) -> PortInput:
    return PortInput(port.name, port.container_port, port.service_port or port.container_port)


def _port_to_json(port: PortInput) -> dict[str, Any]:
    return {"name": port.name, "containerPort": port.container_port, "servicePort": port.service_port}


def _port_from_json(body: Mapping[str, Any]) -> PortInput:
    return PortInput(str(body["name"]), int(body["containerPort"]), int(body["servicePort"]))


def _amounts(amounts: Mapping[str, int | str]) -> dict[str, str]:
    return {name: str(amount) for name, amount in sorted(amounts.items())}
