"""What objects look up outside the cluster: each question is asked once for all that want the answer."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from datetime import datetime
from typing import Final, Protocol

from slipway.charts import ChartRepository, ChartVersion, HttpChart, Listing
from slipway.clock import Clock
from slipway.git import GitClient, Remote
from slipway.kinds.pulls import Pulls
from slipway.kinds.undescribed import Undescribed
from slipway.oci.cache import RegistryCache
from slipway.oci.client import RegistryClient
from slipway.oci.errors import ManifestNotFound, RegistryError
from slipway.oci.providers.provider import Provider
from slipway.oci.results import ImageInfo, TagsList
from slipway.oci.scans import Scans

__all__ = ["Lookups", "Source"]


_MOST_INDEXES: Final = 200
"""Charts whose versions are kept to be asked for only when they changed."""


class Source(Protocol):
    """A registry as one credential sees it."""

    @property
    def client(self) -> RegistryClient:
        """Asks the registry itself."""

    @property
    def provider(self) -> Provider:
        """Lists by the API of the product."""

    @property
    def host(self) -> str:
        """As image references name it."""

    @property
    def credential_id(self) -> str:
        """Who asks; see `slipway.oci.credentials.credential_id`."""

    @property
    def identity(self) -> Hashable:
        """Equal for sources that give the same answers to the same questions."""


class Lookups:
    """Shares tag lists, digests, images and refs among all objects that may see them.

    Args:
        clock: tells how old an answer is.
        cache: what is known of digests over restarts; gets every answer.
        git: asks git hosts.
    """

    def __init__(self, clock: Clock, cache: RegistryCache, git: GitClient) -> None:
        self._clock = clock
        self._cache = cache
        self._git = git
        self._tags: Scans[TagsList] = Scans(clock, weigh=len)
        self._digests: Scans[str] = Scans(clock)
        self._images: Scans[ImageInfo] = Scans(clock, weigh=_weight_of)
        self._undescribed = Undescribed()
        self._pulls = Pulls(clock)
        self._refs: Scans[Mapping[str, str]] = Scans(clock, weigh=len)
        self._files: Scans[bytes] = Scans(clock, weigh=lambda content: 1 + len(content) // 100)
        self._charts: Scans[Listing] = Scans(clock, weigh=lambda listing: len(listing.versions))
        self._indexes: dict[Hashable, Listing] = {}

    async def aclose(self) -> None:
        """Gives up what is under way."""
        for scans in (self._tags, self._digests, self._images, self._refs, self._files, self._charts):
            await scans.aclose()

    def forget(self, credential_id: str) -> None:
        """Drops what was kept for a credential, when it was changed or its Registry deleted."""
        self._cache.forget(credential_id)

    async def tags(self, source: Source, repository: str, since: datetime) -> TagsList:
        """All tags of a repository, as they were at `since` or later.

        Raises:
            RegistryError: when they could not all be listed.
        """
        key = (source.identity, repository)
        return await self._tags.get(key, since, lambda: source.provider.list_tags(repository))

    async def digest(self, source: Source, repository: str, tag: str, since: datetime) -> str:
        """What a tag pointed at, at `since` or later. A HEAD, which no registry counts as a pull.

        Raises:
            ManifestNotFound: when there is no such tag.
            RegistryError: when the registry does not tell.
        """

        async def ask() -> str:
            place = (source.host, repository)
            try:
                digest = (await source.client.head_manifest(repository, tag)).digest
            except ManifestNotFound:
                self._cache.record_missing(*place, source.credential_id, tag)
                raise
            self._cache.record_seen(*place, digest, source.credential_id)
            self._cache.record_tag(*place, tag, digest, source.credential_id)
            return digest

        return await self._digests.get((source.identity, repository, tag), since, ask)

    async def image(self, source: Source, repository: str, digest: str, since: datetime) -> ImageInfo:
        """What manifest and configuration of a digest say; read once for each digest.

        Raises:
            PullLimitReached: when it is not known yet, and the budget of pulls is used up.
            RegistryError: when it is missing, no image, or the registry does not tell.
        """
        key = (source.identity, repository, digest)
        self._undescribed.raise_known(key, self._clock.now())

        async def ask() -> ImageInfo:
            place = (source.host, repository, digest, source.credential_id)
            known = await self._cache.image(*place)
            if known is not None:
                return known
            try:
                async with self._pulls.granted(source.client, source.host):
                    image = await source.client.get_image(repository, digest)
            except RegistryError as error:
                self._undescribed.record(key, error, self._clock.now())
                raise
            self._cache.record_seen(*place)
            self._cache.record_image(image)
            return image

        return await self._images.get(key, since, ask)

    async def versions(
        self, repository: ChartRepository, chart: HttpChart, since: datetime
    ) -> tuple[ChartVersion, ...]:
        """The versions of a chart, at `since` or later; an index that has not changed is not sent again.

        Raises:
            ChartError: when the repository does not tell them.
        """
        key = (chart, repository.authorization, id(repository.http))

        async def ask() -> Listing:
            listing = await repository.list_versions(chart, self._indexes.get(key))
            self._indexes.pop(key, None)
            self._indexes[key] = listing  # the newest last
            while len(self._indexes) > _MOST_INDEXES:
                del self._indexes[next(iter(self._indexes))]
            return listing

        return (await self._charts.get(key, since, ask)).versions

    async def refs(self, remote: Remote, patterns: Collection[str], since: datetime) -> Mapping[str, str]:
        """The refs of a git repository, as they were at `since` or later.

        Raises:
            GitError: when they could not all be listed.
        """
        key = (str(remote.url), remote.credential, remote.policy, tuple(patterns))
        return await self._refs.get(key, since, lambda: self._git.ls_remote(remote, patterns))

    async def file(self, remote: Remote, commit: str, path: str, ref: str, since: datetime) -> bytes:
        """The content of a file of a commit, which never changes; it was read at `since` or later.

        Raises:
            GitError: when it could not be read.
        """
        key = (str(remote.url), remote.credential, remote.policy, commit, path)
        return await self._files.get(key, since, lambda: self._git.read_file(remote, commit, path, ref))


def _weight_of(image: ImageInfo) -> int:
    """In tags, each of which is a short text."""
    text = sum(len(name) + len(value) for name, value in image.labels.items())
    return 10 + 2 * (len(image.labels) + len(image.platforms)) + len(image.layers) + text // 100
