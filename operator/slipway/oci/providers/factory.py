"""Chooses the provider for the type of a Registry."""

from __future__ import annotations

from slipway.oci.providers.access import Access
from slipway.oci.providers.artifactory import Artifactory
from slipway.oci.providers.dockerhub import DockerHub
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


def make_provider(product: str, access: Access) -> Provider:
    """The provider for a product; the plain protocol for one that has no API of its own.

    Args:
        product: The type of a Registry, such as `DockerHub`.
        access: The registry, and the ways to it.
    """
    own = _own(product, access)
    return Generic(access) if own is None else ProductProvider(own, access)


def _own(product: str, access: Access) -> Product | None:
    own: Product | None
    match product:
        case "DockerHub":
            own = DockerHub(access)
        case "GHCR":
            own = GHCR(access)
        case "GitLab":
            own = GitLab(access)
        case "Gitea":
            own = Gitea(access)
        case "Harbor":
            own = Harbor(access)
        case "Quay":
            own = Quay(access)
        case "Nexus":
            own = Nexus(access)
        case "Artifactory":
            own = Artifactory(access)
        case _:
            own = None
    return own
