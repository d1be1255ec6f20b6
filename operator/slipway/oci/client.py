"""A client for container registries (OCI distribution-spec 1.1, and what registries make of it)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Mapping
from types import TracebackType
from typing import Final, Self

from pydantic_core import from_json

from slipway.egress import LIBRARY_POLICY, ClientCertificate, EgressPolicy, Response, Verify
from slipway.http import HttpClient, origin_of
from slipway.oci.answers import Subject, is_html, names_registry, not_a_registry
from slipway.oci.blobs import Blobs
from slipway.oci.catalog import Catalog
from slipway.oci.credentials import ANONYMOUS, Credential
from slipway.oci.inspection import Inspection
from slipway.oci.manifest import Descriptor, ManifestV2
from slipway.oci.manifests import Manifests
from slipway.oci.offers import Offers
from slipway.oci.platform import Platform
from slipway.oci.quota import Quota, QuotaKind, QuotaState
from slipway.oci.reference import require_repository
from slipway.oci.referrers import Referrers
from slipway.oci.results import ImageInfo, RepositoryCatalog, TagsList
from slipway.oci.retries import Retries
from slipway.oci.session import Ask, RegistrySession, registry_base
from slipway.oci.sources import StaticCredential
from slipway.oci.tags import Tags

__all__ = ["RegistryClient"]

_PING_BYTES: Final = 64 * 1024


class RegistryClient:
    """A registry as seen with one credential. Use it as a context manager, or call `aclose`.

    Args:
        url: The registry, such as `https://registry.example.com`, `localhost:5000` or `docker.io`.
        username: With `password`: Basic authentication, or exchanged for tokens where the registry has them.
        password: See `username`.
        token: An identity token or personal access token, instead of user name and password.
        timeout: Seconds for one request, its redirects and repeats included; fetching a token takes as long
            again at most, once before and once after a refusal. Waiting for its turn does not count.
        max_retries: How often a read is repeated that failed in passing: the connection was refused or broke,
            or the answer was 408, 429, 499, 500, 502, 503, 504 or 522. What changes something is sent once.
        retry_delay: Seconds before the first repeat; each further pause is twice as long, and a registry that
            asks for up to 3 s gets them. One that asks for more gets `RateLimited` raised at once.
        verify_ssl: True, False, a path to PEM authorities trusted beside the system's, or a context.
        client_cert: Shown to the registry, when it asks.
        egress: What may be called; by default everything but link-local and metadata addresses.

    Raises:
        InvalidReference: when the URL is none.

    Every method raises a `RegistryError` (drawn in `slipway.oci.errors`) for whatever the registry or the way
    to it does wrong, and `InvalidReference` for names that no registry can have, without sending anything.
    """

    def __init__(
        self,
        url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        token: str | None = None,
        timeout: float = 30.0,
        max_retries: int = 3,
        retry_delay: float = 1.0,
        verify_ssl: Verify = True,
        client_cert: ClientCertificate | None = None,
        egress: EgressPolicy | None = None,
    ) -> None:
        http = HttpClient(
            egress or LIBRARY_POLICY,
            timeout=timeout,
            verify=verify_ssl,
            client_cert=client_cert,
            home=origin_of(registry_base(url)),
        )
        source = StaticCredential(_credential(username, password, token))
        retries = Retries(max_retries, retry_delay)
        self._set_up(RegistrySession(url, http, source, retries=retries), timeout)

    @classmethod
    def over(cls, session: RegistrySession, timeout: float) -> Self:
        """A client over a session that somebody else put together."""
        client = cls.__new__(cls)
        client._set_up(session, timeout)  # noqa: SLF001 - its own, though ruff cannot see it
        return client

    def _set_up(self, session: RegistrySession, timeout: float) -> None:
        self._session = session
        self._catalog = Catalog(session, timeout)
        self._tags = Tags(session, timeout)
        self._manifests = Manifests(session)
        self._blobs = Blobs(session, timeout)
        self._offers = Offers(session)
        self._referrers = Referrers(session, timeout, self._manifests)
        self._inspection = Inspection(self._manifests, self._blobs)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes every connection."""
        await self._session.aclose()

    @property
    def url(self) -> str:
        """The address below which the registry's API is."""
        return self._session.base

    @property
    def in_flight(self) -> int:
        """Exchanges under way now."""
        return self._session.in_flight

    @property
    def last_used(self) -> float:
        """When the last exchange ended, in seconds of the session's monotonic clock."""
        return self._session.last_used

    @property
    def quota(self) -> Mapping[QuotaKind, Quota]:
        """What the registry said last about how much it may still be asked; empty when it never did."""
        return self._session.quotas.latest

    def may_pull(self) -> bool:
        """Whether one more pull stays within the budget: a GET of a manifest is one, a HEAD is not.

        Skip what can be done without when it does not. Nothing is refused here.
        """
        return self._session.quotas.may_pull(self._session.now())

    @property
    def quota_state(self) -> QuotaState | None:
        """How much is left of what the registry grants; None where it tells of no quota."""
        quotas = self._session.quotas
        return quotas.state(self._session.now()) if quotas.latest else None

    async def offers_referrers(self, repository: str, digest: str) -> bool:
        """Whether the registry itself answers which manifests refer to a manifest, asked of one it has."""
        return await self._offers.referrers(repository, digest)

    async def answers_conditionally(self, repository: str, digest: str) -> bool:
        """Whether the registry answers 304 to a request with If-None-Match, asked of a manifest it has."""
        return await self._offers.conditional_requests(repository, digest)

    async def check(self) -> None:
        """Whether a registry answers here and takes the credential.

        Raises:
            NotARegistry: when something else answers.
            AuthenticationFailed: when the credential is wrong, or one is needed.
            RegistryError: whatever else is in the way.
        """
        ask = Ask("GET", "v2/", headers={"Accept": "application/json"}, max_bytes=_PING_BYTES)
        response = await self._session.send(ask)
        if response.status != 200:
            raise self._session.refusal(response, Subject.REGISTRY, "")
        self._require_registry(response)
        # A registry that is open to read never asks, so a wrong password would show only at the first push.
        shown = await self._session.authorizer.basic()
        if shown is not None and not self._session.authorizer.was_asked:
            response = await self._session.send(
                Ask("GET", "v2/", headers={"Authorization": shown}, max_bytes=_PING_BYTES)
            )
            if response.status in {401, 403}:
                raise self._session.refusal(response, Subject.REGISTRY, "")

    async def list_repositories(self) -> RepositoryCatalog:
        """All repositories that the credential shows, by name.

        Source: distribution's catalog. Docker Hub, GHCR and others have none, or show it to administrators.

        Raises:
            CatalogUnavailable: when the registry does not list its repositories at all.
            AccessDenied: when it lists them, but not to this credential.
            ListingIncomplete: when the list could not be read to its end.
        """
        return await self._catalog.list()

    async def list_tags(self, repository: str) -> TagsList:
        """All tags of a repository, in the order of the registry, each once; empty when it has none.

        Source: distribution-spec, Listing Tags. It tells names alone; Google's registries add digests and
        times.

        Raises:
            RepositoryNotFound: when there is no such repository.
            ListingIncomplete: when the list could not be read to its end: nothing may be chosen from a part.
        """
        require_repository(repository)
        return await self._tags.list(repository)

    async def head_manifest(self, repository: str, reference: str) -> Descriptor:
        """What a tag or digest names. Costs no pull on registries that count them.

        Args:
            repository: The repository.
            reference: A tag or a digest.

        Raises:
            RepositoryNotFound: when there is no such repository.
            ManifestNotFound: when it has no such tag or digest.
        """
        return await self._manifests.head(repository, reference)

    async def get_manifest(
        self, repository: str, reference: str, platform: Platform | str | None = None
    ) -> ManifestV2:
        """A manifest or index. Its digest is computed from the bytes; asked for by digest, it is that one.

        Args:
            repository: The repository.
            reference: A tag or a digest.
            platform: What an index is resolved to an image for, such as `linux/arm64`: the first match,
                after variants are put under their usual names; attestations are none. An image that is
                named itself is given as it is.

        Raises:
            RepositoryNotFound: when there is no such repository.
            ManifestNotFound: when it has no such tag or digest.
            PlatformNotFound: when the index has no image for the platform; the message names those it has.
            DigestMismatch: when other content came than the digest names.
            UnsupportedManifest: when it is of a kind that is not handled.
        """
        wanted = _platform(platform)
        manifest = await self._manifests.get(repository, reference)
        if wanted is None:
            return manifest
        return (await self._inspection.resolve(repository, manifest, wanted)).image

    async def get_image(
        self, repository: str, reference: str | Descriptor, platform: Platform | str | None = None
    ) -> ImageInfo:
        """What an image is: its platforms, when it was built, its labels, layers and size.

        Two requests for an image, three for an index: the index, one image of it, its configuration.

        Args:
            repository: The repository.
            reference: A tag, a digest, or what `head_manifest` just gave: then that very content is read.
            platform: Whose image of an index layers, labels and size are taken from; by default the first.

        Raises:
            RepositoryNotFound: when there is no such repository.
            ManifestNotFound: when it has no such tag or digest.
            PlatformNotFound: when there is no image for the platform, or none at all.
            BlobNotFound: when the configuration is missing.
            DigestMismatch: when other content came than a digest names.
            UnsupportedManifest: when it is of a kind that is not handled.
        """
        return await self._inspection.image(repository, reference, _platform(platform))

    async def referrers(
        self, repository: str, digest: str, artifact_type: str | None = None
    ) -> tuple[Descriptor, ...]:
        """What refers to a manifest: signatures, SBOMs, attestations; empty when there is nothing.

        Source: distribution-spec, Listing Referrers; where a registry has no such API, the index under the
        tag `sha256-<hex>`.

        Args:
            repository: The repository.
            digest: Of the manifest or index.
            artifact_type: Only those of this media type.

        Raises:
            RepositoryNotFound: when the registry says that there is no such repository; many say nothing.
            ListingIncomplete: when the list could not be read to its end.
        """
        require_repository(repository)
        return await self._referrers.of(repository, digest, artifact_type)

    async def get_blob(self, repository: str, digest: str, max_bytes: int) -> bytes:
        """A small blob, verified.

        Raises:
            BlobNotFound: when the repository has no such blob.
            ContentTooLarge: when it has more than `max_bytes` bytes.
            DigestMismatch: when other content came than the digest names.
        """
        require_repository(repository)
        return await self._blobs.read(repository, digest, max_bytes)

    async def get_blob_size(self, repository: str, digest: str) -> int | None:
        """How many bytes a blob has, as it is stored; None where the registry does not say.

        The size is also in the descriptor that named the blob, which costs no request.

        Raises:
            BlobNotFound: when the repository has no such blob.
        """
        require_repository(repository)
        return await self._blobs.size(repository, digest)

    def stream_blob(self, repository: str, digest: str, size: int | None = None) -> AsyncGenerator[bytes]:
        """A blob in pieces of at most 64 KiB, verified at its end; a broken connection is taken up again.

        Nothing is asked for before the first piece is. Close it (`contextlib.aclosing`) when it is not read
        to the end.

        Args:
            repository: The repository.
            digest: What the content must hash to.
            size: How many bytes there must be.

        Raises:
            BlobNotFound: when the repository has no such blob.
            DigestMismatch: when other content came. The pieces were given out by then: keep nothing of them.
        """
        require_repository(repository)
        return self._blobs.stream(repository, digest, size)

    async def blob_exists(self, repository: str, digest: str) -> bool:
        """Whether the repository has a blob."""
        require_repository(repository)
        return await self._blobs.exists(repository, digest)

    async def mount_blob(self, repository: str, digest: str, from_repository: str) -> bool:
        """Has the registry take over a blob from another of its repositories, without its bytes travelling.

        Returns:
            False when the registry did not; upload it then.
        """
        require_repository(repository)
        require_repository(from_repository)
        return await self._blobs.mount(repository, digest, from_repository)

    async def upload_blob(
        self, repository: str, digest: str, size: int, source: bytes | AsyncIterable[bytes]
    ) -> None:
        """Stores a blob.

        Args:
            repository: Where to.
            digest: What the content hashes to; checked while it is sent.
            size: Bytes.
            source: The content. Pieces are taken only as fast as they are sent; a generator is closed in any
                case.

        Raises:
            DigestMismatch: when the source gives other content; the registry stores nothing then.
            UploadRejected: when the registry does not take it.
        """
        require_repository(repository)
        await self._blobs.upload(repository, digest, size, source)

    async def put_manifest(self, repository: str, reference: str, manifest: ManifestV2) -> str:
        """Stores a manifest under a tag or its digest.

        One that refers to a subject is added to the index under the fallback tag where the registry does not
        list it itself (distribution-spec, Pushing Manifests with Subject). The protocol knows no lock: of two
        who do that to the same subject at the same moment, one may be lost.

        Returns:
            Its digest.

        Raises:
            UploadRejected: when the registry does not take it, for instance because a blob is missing.
        """
        stored = await self._manifests.put(repository, reference, manifest)
        if manifest.content.subject is not None and not stored.lists_referrer:
            await self._referrers.record(repository, manifest, manifest.content.subject.digest)
        return stored.digest

    def _require_registry(self, response: Response) -> None:
        """A registry says so, or answers in JSON, or with nothing; a web server answers with a page."""
        if names_registry(response.headers) or (not is_html(response) and _is_json_or_empty(response)):
            return
        raise not_a_registry(self._session.origin)


def _credential(username: str | None, password: str | None, token: str | None) -> Credential:
    if token:
        return Credential.basic(username, token) if username else Credential.bearer(token)
    if username is None and password is None:
        return ANONYMOUS
    return Credential.basic(username or "", password or "")


def _platform(wanted: Platform | str | None) -> Platform | None:
    return Platform.parse(wanted) if isinstance(wanted, str) else wanted


def _is_json_or_empty(response: Response) -> bool:
    if not response.body.strip():
        return True
    try:
        return isinstance(from_json(response.body), (dict, list))
    except ValueError:
        return False
