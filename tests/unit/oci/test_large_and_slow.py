"""What takes long: uploads that are given up, lists that wait for their turn, blobs that lie elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from slipway.egress import Limits
from slipway.oci import RegistryClient
from slipway.oci.errors import RateLimited, RegistryError
from slipway.oci.pool import ClientPool, Endpoint
from tests.support.raw_server import Hanging, RawServer, Reply, Seen

DIGEST = "sha256:" + "0" * 64
JSON = (("Content-Type", "application/json"),)


def _taking_uploads(seen: Seen) -> Reply | Hanging:
    if seen.method == "POST":
        return Reply(202, b"", (("Location", "/v2/a/b/blobs/uploads/1"),))
    return Hanging() if seen.method == "PUT" else Reply(204)


async def test_an_upload_can_be_given_up() -> None:
    """Its source is closed, and whoever gave it up is told that, and nothing else."""
    begun, closed = asyncio.Event(), asyncio.Event()

    async def source() -> AsyncIterator[bytes]:
        try:
            yield b"x" * 10
            begun.set()
            await asyncio.Event().wait()
            yield b"y" * 10
        finally:
            closed.set()

    async with RawServer(_taking_uploads) as server, RegistryClient(server.url, timeout=5) as client:
        upload = asyncio.create_task(client.upload_blob("a/b", DIGEST, 20, source()))
        await begun.wait()
        upload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upload

        assert upload.cancelled()
        assert closed.is_set()


async def test_lists_that_wait_for_their_turn_come_to_their_end() -> None:
    """Their time runs while the registry works, and not while others are asked."""

    def script(seen: Seen) -> Reply:
        more = () if "last" in seen.target else (("Link", f'<{seen.path}?last=v1>; rel="next"'),)
        return Reply(200, b'{"name": "a/b", "tags": ["v%d"]}' % (1 if more else 2), (*JSON, *more))

    async with RawServer(script) as server:
        pool = ClientPool(limits=Limits(requests_per_second=50))
        client = await pool.get(Endpoint(server.url, timeout=0.5))
        lists = await asyncio.gather(*(client.list_tags(f"a/b{number}") for number in range(60)))
        await pool.aclose()

    assert {listed.names for listed in lists} == {("v1", "v2")}


async def test_the_limits_of_a_storage_host_are_not_those_of_the_registry() -> None:
    """A blob may lie anywhere; who keeps it says nothing about pulls, nor about other blobs."""
    spent = (("RateLimit-Remaining", "0;w=604800"), ("RateLimit-Limit", "10;w=604800"))
    answers = [Reply(200, b"{}", spent), Reply(429, b"", (("Retry-After", "3600"),))]
    async with RawServer(lambda _: answers[0]) as storage:

        def script(seen: Seen) -> Reply:
            return Reply(307, b"", (("Location", f"{storage.url}/blob"),))

        async with (
            RawServer(script) as server,
            RegistryClient(server.url, timeout=5, max_retries=0) as client,
        ):
            with pytest.raises(RegistryError):
                await client.get_blob("a/b", DIGEST, 100)
            assert client.may_pull()

            answers.pop(0)
            for _ in range(2):
                with pytest.raises(RateLimited):
                    await client.get_blob("a/b", DIGEST, 100)
            assert len(server.seen) == 3
