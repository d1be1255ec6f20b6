"""What a registry shows of itself in a test: what it lists, and what it offers beyond that."""

from __future__ import annotations

from typing import Final

from slipway.api.registry import RegistryStatus
from slipway.kinds.registry.decide import Seen
from slipway.oci.errors import RateLimited, RegistryError, RegistryUnreachable
from slipway.oci.pool import PooledRegistry
from slipway.oci.providers.provider import Capability
from slipway.oci.results import RepositoryCatalog

__all__ = ["look_at"]

_MOST_TRIED: Final = 3
"""Repositories that are looked into for an image to ask about; the first ones may be empty."""

_BY_IMAGE: Final = frozenset({Capability.REFERRERS, Capability.CONDITIONAL_REQUESTS})


async def look_at(registry: PooledRegistry, before: RegistryStatus, *, thorough: bool) -> Seen:
    """Test the connection, and find out what the registry offers.

    Args:
        registry: which one, and who asks.
        before: what was known of it.
        thorough: whether an image is looked for to ask about; else what was known of that stays.

    Raises:
        RegistryError: when it cannot be reached, is none, or does not take the credential.
    """
    await registry.client.check()
    catalog, repositories = await _catalog(registry, before.repositories)
    offered: set[Capability] = set()
    if repositories is not None:
        offered.add(Capability.CATALOG)
    if thorough and catalog is not None:
        offered |= await _by_image(registry, catalog)
    else:
        offered |= _BY_IMAGE & set(before.capabilities)
    # Only now: many products' APIs are asked for tags alone.
    if _answers_by_api(registry, before, thorough=thorough):
        offered.add(Capability.PROVIDER_API)
    return Seen(
        capabilities=tuple(sorted(offered)),
        repositories=repositories,
        rate_limit=registry.client.quota_state,
    )


def _answers_by_api(registry: PooledRegistry, before: RegistryStatus, *, thorough: bool) -> bool:
    """Whether the product's own API answers; where a quick test does not show it, what was known stays."""
    answers = registry.provider.answers_by_api
    if answers is None and not thorough:
        return Capability.PROVIDER_API in before.capabilities
    return bool(answers)


async def _catalog(
    registry: PooledRegistry, before: int | None
) -> tuple[RepositoryCatalog | None, int | None]:
    """What it lists, and how much that is; nothing where it lists nothing to this credential.

    A catalogue that fails for a moment has as many as before: the registry itself has just answered.
    """
    try:
        catalog = await registry.provider.list_repositories()
    except RateLimited:
        raise
    except RegistryUnreachable:
        return None, before
    except RegistryError:
        return None, None
    return catalog, len(catalog)


async def _by_image(registry: PooledRegistry, catalog: RepositoryCatalog) -> set[Capability]:
    """What can be found out only with an image at hand."""
    for repository in catalog.names[:_MOST_TRIED]:
        try:
            tags = await registry.provider.list_tags(repository)
            if not tags.names:
                continue
            digest = (await registry.client.head_manifest(repository, tags.names[0])).digest
            return await _offered(registry, repository, digest)
        except RateLimited:
            raise
        except RegistryError:
            continue
    return set()


async def _offered(registry: PooledRegistry, repository: str, digest: str) -> set[Capability]:
    found = set()
    if await registry.client.offers_referrers(repository, digest):
        found.add(Capability.REFERRERS)
    if await registry.client.answers_conditionally(repository, digest):
        found.add(Capability.CONDITIONAL_REQUESTS)
    return found
