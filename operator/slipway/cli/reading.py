"""What the commands read, and from whom; `slipway.cli.cluster` does it on a real cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

from slipway.oci.reference import ImageReference
from slipway.oci.results import RepositoryCatalog, TagsList

__all__ = ["Connect", "KnownRegistry", "OpenRegistry", "Reader", "Told", "Where"]


@dataclass(frozen=True, slots=True)
class Where:
    """The cluster and the namespace that a person means."""

    kubeconfig: Path | None = None
    """None: what `KUBECONFIG` names, else the pod's service account, else `~/.kube/config`."""

    context: str | None = None
    """None: the current one."""

    namespace: str | None = None
    """None: that of the context."""


@dataclass(frozen=True, slots=True)
class KnownRegistry:
    """A Registry of the cluster."""

    namespace: str
    name: str
    host: str
    """As image references name it."""

    trouble: str | None = None
    """What its Ready condition says, when its phase is Error; else None."""


@dataclass(frozen=True, slots=True)
class Told:
    """Why a tag was chosen, or was not."""

    namespace: str
    warehouse: str
    subscription: str
    watched: str
    """The repository or chart."""

    tag: str
    verdict: str
    """CamelCase, see `slipway.kinds.warehouse.explanation.Explanation`; so are the others."""

    sentence: str
    position: int | None
    candidates: int


class OpenRegistry(Protocol):
    """A registry as one credential sees it. All of its methods raise `Refused`."""

    @property
    def known(self) -> KnownRegistry | None:
        """The Registry that it is; None for one that is asked anonymously."""

    @property
    def host(self) -> str:
        """As image references name it."""

    async def repositories(self) -> RepositoryCatalog:
        """All of them."""

    async def tags(self, repository: str) -> TagsList:
        """All tags of a repository."""

    async def digest(self, repository: str, tag: str) -> str | None:
        """What a tag points at; None when there is nothing."""


class Reader(Protocol):
    """A cluster, and the registries that it names. All of its methods raise `Refused`."""

    @property
    def namespace(self) -> str:
        """The namespace that is meant."""

    async def registries(self, namespace: str | None) -> Sequence[KnownRegistry]:
        """The Registries of a namespace, or of all of them."""

    async def open(self, registry: KnownRegistry, repository: str = "") -> OpenRegistry:
        """A Registry, with its Secrets as they are now.

        Args:
            registry: out of `registries`.
            repository: its path, where it is known: a docker configuration may have a credential of its own
                for it.
        """

    async def open_for(self, reference: ImageReference) -> OpenRegistry:
        """The registry of an image, as the objects of the namespace would ask it."""

    async def explain(self, warehouse: str, tag: str, subscription: str | None) -> Told:
        """Why a Warehouse of the namespace chose a tag, or did not.

        Args:
            warehouse: its name.
            tag: of an image, or version of a chart.
            subscription: its name; None where the Warehouse has only one with tags.
        """


Connect: TypeAlias = Callable[[Where], AbstractAsyncContextManager[Reader]]
"""Opens what is read."""
