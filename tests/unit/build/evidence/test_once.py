"""A registry that is asked once for each content."""

from __future__ import annotations

from collections import Counter

import pytest

from slipway.build.evidence.once import ReadOnce
from slipway.oci.digest import digest_of
from slipway.oci.manifest import ManifestV2

RAW = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'
DIGEST = digest_of(RAW, "sha256")


class Counting:
    """A client that counts what it is asked for."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    async def get_manifest(self, repository: str, reference: str) -> ManifestV2:
        """Always the same index."""
        self.asked[f"{repository} {reference}"] += 1
        return ManifestV2.parse(RAW, "application/vnd.oci.image.index.v1+json", DIGEST)

    async def get_blob(self, repository: str, digest: str, max_bytes: int) -> bytes:
        """Four bytes."""
        self.asked[f"{repository} {digest} {max_bytes}"] += 1
        return b"blob"


async def test_manifest_is_read_once_by_its_digest() -> None:
    """And not at all where its tag was read before; the tag itself may move, and so is asked anew."""
    client = Counting()
    once = ReadOnce(client)  # type: ignore[arg-type]

    first = await once.get_manifest("shop/api", "1-2")
    assert await once.get_manifest("shop/api", DIGEST) is first
    await once.get_manifest("shop/api", "1-2")
    await once.get_manifest("shop/web", DIGEST)
    await once.get_manifest("shop/web", DIGEST)

    assert client.asked == {"shop/api 1-2": 2, f"shop/web {DIGEST}": 1}


@pytest.mark.parametrize(("limit", "times"), [(4, 1), (3, 2)], ids=["within the limit", "beyond it"])
async def test_blob_is_read_once_within_its_limit(limit: int, times: int) -> None:
    """Who allows less than is known has to be told by the registry's own refusal."""
    client = Counting()
    once = ReadOnce(client)  # type: ignore[arg-type]

    assert await once.get_blob("shop/api", DIGEST, 9) == b"blob"
    await once.get_blob("shop/api", DIGEST, limit)

    assert client.asked.total() == times
