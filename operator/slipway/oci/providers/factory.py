"""Chooses the provider for the type of a Registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from slipway.oci.providers.access import Access
from slipway.oci.providers.acr import ACR
from slipway.oci.providers.artifactory import Artifactory
from slipway.oci.providers.dockerhub import DockerHub
from slipway.oci.providers.ecr import ECR
from slipway.oci.providers.gar import GAR
from slipway.oci.providers.generic import Generic
from slipway.oci.providers.ghcr import GHCR
from slipway.oci.providers.gitea import Gitea
from slipway.oci.providers.gitlab import GitLab
from slipway.oci.providers.harbor import Harbor
from slipway.oci.providers.nexus import Nexus
from slipway.oci.providers.product import Product, ProductProvider
from slipway.oci.providers.provider import Provider
from slipway.oci.providers.quay import Quay

__all__ = ["make_provider"]

_PRODUCTS: Final[Mapping[str, Callable[[Access], Product]]] = {
    "ACR": ACR,
    "Artifactory": Artifactory,
    "DockerHub": DockerHub,
    "ECR": ECR,
    "GAR": GAR,
    "GHCR": GHCR,
    "GitLab": GitLab,
    "Gitea": Gitea,
    "Harbor": Harbor,
    "Nexus": Nexus,
    "Quay": Quay,
}


def make_provider(product: str, access: Access) -> Provider:
    """The provider for a product; the plain protocol for one that has no API of its own.

    Args:
        product: The type of a Registry, such as `DockerHub`.
        access: The registry, and the ways to it.
    """
    own = _PRODUCTS.get(product)
    return Generic(access) if own is None else ProductProvider(own(access), access)
