"""Everything that speaks to container registries.

As a library::

    async with RegistryClient("https://registry.example.com", username="ci", password="…") as registry:
        tags = await registry.list_tags("shop/api")
"""

from __future__ import annotations

from slipway.oci.client import RegistryClient
from slipway.oci.credentials import Credential
from slipway.oci.errors import RegistryError
from slipway.oci.manifest import Descriptor, ImageConfig, ImageIndex, ImageManifest, ManifestV2
from slipway.oci.platform import Platform, select_platform
from slipway.oci.pool import ClientPool, Endpoint
from slipway.oci.reference import ImageReference

__all__ = [
    "ClientPool",
    "Credential",
    "Descriptor",
    "Endpoint",
    "ImageConfig",
    "ImageIndex",
    "ImageManifest",
    "ImageReference",
    "ManifestV2",
    "Platform",
    "RegistryClient",
    "RegistryError",
    "select_platform",
]
