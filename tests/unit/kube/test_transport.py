"""What only a server shows that sends what a test wants; the other verbs are tried on a real API server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from slipway.kube import client as module
from slipway.kube.client import KubeClient
from slipway.kube.errors import Invalid, NotFound, Unauthorized, Unreachable
from slipway.kube.resources import PODS
from tests.support.raw_server import RawServer, Reply, Seen, Streaming

KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: here
contexts: [{{name: here, context: {{cluster: here, user: me}}}}]
clusters: [{{name: here, cluster: {{server: "{url}"}}}}]
users: [{{name: me, user: {{token: secret}}}}]
"""


@asynccontextmanager
async def client_of(server: RawServer, folder: Path) -> AsyncIterator[KubeClient]:
    (folder / "config").write_text(KUBECONFIG.format(url=server.url))
    async with await KubeClient.connect(folder / "config") as client:
        yield client


async def test_a_log_is_read_once_and_not_without_end(tmp_path: Path) -> None:
    async with (
        RawServer(lambda _: Reply(body=b"one\ntwo\n")) as server,
        client_of(server, tmp_path) as client,
    ):
        pieces = [piece async for piece in client.log("shop", "api-7", "build")]

    assert b"".join(pieces) == b"one\ntwo\n"
    assert server.targets() == [
        "GET /api/v1/namespaces/shop/pods/api-7/log?container=build&limitBytes=16777216"
    ]
    assert server.seen[0].headers["authorization"] == "Bearer secret"


async def test_a_server_that_sends_more_is_not_listened_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOG_LIMIT", 6)

    async with (
        RawServer(lambda _: Reply(body=b"one\ntwo\n")) as server,
        client_of(server, tmp_path) as client,
    ):
        pieces = [piece async for piece in client.log("shop", "api-7", "build")]

    assert b"".join(pieces) == b"one\ntw"


async def test_a_log_that_is_followed_comes_as_it_is_written(tmp_path: Path) -> None:
    """The second line is written only when the first was read."""
    was_read = asyncio.Event()

    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n")
        await writer.drain()
        await was_read.wait()
        writer.write(b"4\r\ntwo\n\r\n0\r\n\r\n")
        await writer.drain()

    async with RawServer(lambda _: Streaming(write)) as server, client_of(server, tmp_path) as client:
        pieces = client.log("shop", "api-7", "build", follow=True)
        assert await anext(pieces) == b"one\n"
        was_read.set()
        assert [piece async for piece in pieces] == [b"two\n"]

    assert server.targets() == ["GET /api/v1/namespaces/shop/pods/api-7/log?container=build&follow=true"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Invalid), (404, NotFound), (401, Unauthorized)],
    ids=["begun", "there", "known"],
)
async def test_a_refusal_is_an_error_of_ours(status: int, kind: type[Exception], tmp_path: Path) -> None:
    reply = Reply(status, b'{"message": "not for you"}')
    async with RawServer(lambda _: reply) as server, client_of(server, tmp_path) as client:
        with pytest.raises(kind, match="not for you"):
            await anext(client.log("shop", "api-7", "build"))


async def test_a_credential_that_is_renewed_is_tried_again(tmp_path: Path) -> None:
    def script(seen: Seen) -> Reply:
        if seen.headers["authorization"] == "Bearer secret":
            (tmp_path / "config").write_text(KUBECONFIG.format(url=server.url).replace("secret", "fresh"))
            return Reply(401, b"{}")
        return Reply(body=b"one\n")

    async with RawServer(script) as server, client_of(server, tmp_path) as client:
        assert [piece async for piece in client.log("shop", "api-7", "build")] == [b"one\n"]


async def test_a_log_that_breaks_off_is_an_error(tmp_path: Path) -> None:
    async def write(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\none\n")
        await writer.drain()

    async with RawServer(lambda _: Streaming(write)) as server, client_of(server, tmp_path) as client:
        pieces = client.log("shop", "api-7", "build", follow=True)
        assert await anext(pieces) == b"one\n"
        with pytest.raises(Unreachable, match="gave no answer"):
            await anext(pieces)


async def test_one_annotation_is_patched_under_a_name_of_ones_own(tmp_path: Path) -> None:
    body = {"metadata": {"uid": "u", "annotations": {"a": "b"}}}
    async with RawServer(lambda _: Reply(body=b"{}")) as server, client_of(server, tmp_path) as client:
        await client.merge_patch(PODS, "shop", "api", body, manager="me")

    assert server.targets() == ["PATCH /api/v1/namespaces/shop/pods/api?fieldManager=me"]
    assert server.seen[0].headers["content-type"] == "application/merge-patch+json"
