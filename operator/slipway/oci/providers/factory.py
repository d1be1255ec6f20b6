"""Chooses the provider for the type of a Registry."""

from __future__ import annotations

from slipway.oci.providers.access import Access
from slipway.oci.providers.dockerhub import DockerHub
from slipway.oci.providers.generic import Generic
from slipway.oci.providers.product import ProductProvider
from slipway.oci.providers.provider import Provider

__all__ = ["make_provider"]


def make_provider(product: str, access: Access) -> Provider:
    """The provider for a product; the plain protocol for one that is not known.

    Args:
        product: The type of a Registry, such as `DockerHub`.
        access: The registry, and the ways to it.
    """
    match product:
        case "DockerHub":
            return ProductProvider(DockerHub(access), access)
        case _:
            return Generic(access)
