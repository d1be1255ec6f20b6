"""The ways to registries, git hosts, chart repositories, builders and clouds, opened and closed together."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from slipway.build.builders.clients import BuilderClients
from slipway.charts.clients import ChartClients
from slipway.clock import Clock
from slipway.engine.fence import Fence
from slipway.engine.store import Store
from slipway.git import GitClient
from slipway.http import EgressPolicy, HttpClient
from slipway.kinds.context import Context
from slipway.kinds.lookups import Lookups
from slipway.kinds.registry.access import RegistryAccess
from slipway.kinds.registry.credentials import Exchange
from slipway.kube.children import Children
from slipway.kube.client import KubeClient
from slipway.kube.policies import Policies
from slipway.oci.cache import RegistryCache
from slipway.oci.exchange.ambient import AmbientIdentity
from slipway.oci.pool import ClientPool
from slipway.oci.retries import Retries
from slipway.settings import Settings

__all__ = ["Outside", "cache_directory"]

_FILE: Final = "registries.sqlite"
_NOWHERE: Final = "none"


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything that leads out of the cluster."""

    settings: Settings
    clock: Clock
    policy: EgressPolicy
    pool: ClientPool
    vendors: HttpClient
    """Goes to the clouds' own hosts; their certificates are those of the system."""

    cache: RegistryCache
    lookups: Lookups
    git: GitClient
    charts: ChartClients
    builders: BuilderClients
    ambient: AmbientIdentity

    @classmethod
    def open(
        cls,
        settings: Settings,
        policy: EgressPolicy,
        clock: Clock,
        *,
        fence: Fence | None = None,
        environment: Mapping[str, str] | None = None,
        retries: Retries | None = None,
        identity_key: bytes | None = None,
    ) -> Self:
        """The ways out of one process.

        Args:
            settings: of the process.
            policy: what may be called.
            clock: of the machine.
            fence: asked before every request that may change something.
            environment: where clouds tell the pod who it is.
            retries: how often registries are asked again; as usual, if not given.
            identity_key: makes the credential ids; without it those of the cache end with the process.
        """
        cache, git = RegistryCache.open(_cache_file(settings), clock=clock), GitClient()
        return cls(
            settings=settings,
            clock=clock,
            policy=policy,
            pool=ClientPool(policy, fence=fence, clock=clock, retries=retries, identity_key=identity_key),
            vendors=HttpClient(policy),
            cache=cache,
            lookups=Lookups(clock, cache, git),
            git=git,
            charts=ChartClients(policy),
            builders=BuilderClients(policy, fence),
            ambient=AmbientIdentity(settings.ambient_registries, environment or {}),
        )

    def context(self, kube: KubeClient, children: Children, store: Store) -> Context:
        """What the kinds work with."""
        exchange = Exchange(self.vendors, self.ambient, self.clock)
        return Context(
            kube=kube,
            children=children,
            store=store,
            registries=RegistryAccess(kube, store, self.pool, exchange),
            lookups=self.lookups,
            git=self.git,
            charts=self.charts,
            builders=self.builders,
            egress=self.policy,
            settings=self.settings,
            clock=self.clock,
            policies=Policies(kube, self.clock),
        )

    async def aclose(self) -> None:
        """Gives up what is under way, and closes every connection and the cache."""
        await self.lookups.aclose()
        await self.pool.aclose()
        await self.charts.aclose()
        await self.builders.aclose()
        await self.vendors.aclose()
        await self.cache.aclose()


def cache_directory(settings: Settings) -> Path | None:
    """Where the cache keeps its file, whether it is there yet or not; None where memory has to do."""
    if settings.cache_directory == _NOWHERE:
        return None
    try:
        return Path(settings.cache_directory).expanduser()
    except RuntimeError:  # a pod whose user has no home
        return None


def _cache_file(settings: Settings) -> Path | None:
    directory = cache_directory(settings)
    if directory is None:
        return None
    with contextlib.suppress(OSError):  # the cache says so itself, and does without a file
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    return directory / _FILE
