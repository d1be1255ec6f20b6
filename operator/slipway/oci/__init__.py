"""Everything that speaks to container registries.

As a library (docs/registry-client.md)::

    async with RegistryClient("https://registry.example.com", username="ci", password="…") as registry:
        tags = await registry.list_tags("shop/api")
        image = await registry.get_image("shop/api", tags.names[0], platform="linux/arm64")
"""

from __future__ import annotations

from slipway.egress import ClientCertificate, EgressPolicy
from slipway.oci.auth import BearerToken
from slipway.oci.challenge import AuthChallenge
from slipway.oci.client import RegistryClient
from slipway.oci.credentials import Credential
from slipway.oci.digest import digest_of
from slipway.oci.errors import (
    AccessDenied,
    AuthenticationFailed,
    BlobNotFound,
    CatalogUnavailable,
    CertificateInvalid,
    CertificateUnusable,
    ContentTooLarge,
    CredentialError,
    CredentialInvalid,
    CredentialNotBound,
    DigestMismatch,
    EgressRefused,
    InvalidReference,
    InvalidResponse,
    ListingIncomplete,
    ManifestNotFound,
    NotARegistry,
    NotFound,
    PlatformNotFound,
    PullLimitReached,
    RateLimited,
    RegistryError,
    RegistryFailing,
    RegistryTimeout,
    RegistryUnreachable,
    RepositoryNotFound,
    UnsupportedManifest,
    UploadRejected,
)
from slipway.oci.manifest import Descriptor, ImageConfig, ImageIndex, ImageManifest, ManifestV2, RootFs
from slipway.oci.platform import Platform, select_platform
from slipway.oci.pool import ClientPool, Endpoint, PooledRegistry
from slipway.oci.quota import Quota, QuotaKind, QuotaState
from slipway.oci.reference import ImageReference
from slipway.oci.results import (
    ImageInfo,
    Order,
    Page,
    PaginationInfo,
    RepositoryCatalog,
    RepositoryInfo,
    TagInfo,
    TagsList,
    in_order,
    paginated,
)

__all__ = [
    "AccessDenied",
    "AuthChallenge",
    "AuthenticationFailed",
    "BearerToken",
    "BlobNotFound",
    "CatalogUnavailable",
    "CertificateInvalid",
    "CertificateUnusable",
    "ClientCertificate",
    "ClientPool",
    "ContentTooLarge",
    "Credential",
    "CredentialError",
    "CredentialInvalid",
    "CredentialNotBound",
    "Descriptor",
    "DigestMismatch",
    "EgressPolicy",
    "EgressRefused",
    "Endpoint",
    "ImageConfig",
    "ImageIndex",
    "ImageInfo",
    "ImageManifest",
    "ImageReference",
    "InvalidReference",
    "InvalidResponse",
    "ListingIncomplete",
    "ManifestNotFound",
    "ManifestV2",
    "NotARegistry",
    "NotFound",
    "Order",
    "Page",
    "PaginationInfo",
    "Platform",
    "PlatformNotFound",
    "PooledRegistry",
    "PullLimitReached",
    "Quota",
    "QuotaKind",
    "QuotaState",
    "RateLimited",
    "RegistryClient",
    "RegistryError",
    "RegistryFailing",
    "RegistryTimeout",
    "RegistryUnreachable",
    "RepositoryCatalog",
    "RepositoryInfo",
    "RepositoryNotFound",
    "RootFs",
    "TagInfo",
    "TagsList",
    "UnsupportedManifest",
    "UploadRejected",
    "digest_of",
    "in_order",
    "paginated",
    "select_platform",
]
