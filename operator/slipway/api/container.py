"""What runs inside a pod, as far as a user says it: ports and resources of the container."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from slipway.api.base import ApiModel
from slipway.api.markers import Advice, Rule
from slipway.api.strings import Quantity

__all__ = ["Argument", "Port", "Resources"]

PortName = Annotated[
    str,
    Field(min_length=1, max_length=15, pattern=r"^([a-z0-9]+-)*[a-z0-9]*[a-z][a-z0-9]*(-[a-z0-9]+)*$"),
    Advice("write at most 15 lower-case letters, digits and dashes with a letter among them, such as http"),
]

PortNumber = Annotated[int, Field(ge=1, le=65535)]

Argument = Annotated[str, Field(max_length=4096)]

Amounts = Annotated[
    dict[str, Quantity],
    Field(max_length=16),
    Rule(
        "self.all(name, name in ['cpu', 'memory', 'ephemeral-storage'] || "
        "name.startsWith('hugepages-') || name.contains('/'))",
        "write cpu, memory, ephemeral-storage, hugepages-SIZE, or a resource with its domain, such as "
        "example.com/gpu",
    ),
]


class Port(ApiModel):
    """A port of the container, and of the Service in front of it."""

    name: PortName
    """Name of the port."""

    container_port: PortNumber
    """Where the application listens."""

    service_port: PortNumber | None = None
    """Where the Service listens; the same as containerPort when left out."""


class Resources(ApiModel):
    """What the container needs and what it may use at most, as in a pod."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.requests) || !has(self.limits) || self.requests.all(name, !(name in self.limits) || "
            "!isQuantity(string(self.requests[name])) || !isQuantity(string(self.limits[name])) || "
            "!quantity(string(self.requests[name])).isGreaterThan(quantity(string(self.limits[name]))))",
            "requests asks for more than limits allows: lower requests, or raise limits",
        ),
    )

    requests: Amounts = Field(default_factory=dict)
    """What each pod reserves, such as `cpu: 100m` and `memory: 128Mi`."""

    limits: Amounts = Field(default_factory=dict)
    """What each pod may use at most."""
