from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import ClientRequest, ClientResponse
from yarl import URL

from slipway.kube.watch_start import WatchStart

PATH = "/apis/slipway.dev/v1alpha1/warehouses"


class Body:
    """The body of an answer, which notes that it was read."""

    def __init__(self) -> None:
        self.was_read = False

    async def read(self) -> bytes:
        """One object, and the promise of more pages."""
        self.was_read = True
        return b'{"items": [{}], "metadata": {"resourceVersion": "70", "continue": "more"}}'

    def is_eof(self) -> bool:
        """Something else that a body can be asked."""
        return self.was_read


async def version_for(path: str) -> int:
    """The engine's list."""
    assert path == PATH
    return 66


async def answer(url: str, *, method: str = "GET", status: int = 200) -> tuple[dict[str, Any], Body]:
    """What Kopf reads, and the body that the API server sent."""
    body = Body()
    response = cast("ClientResponse", SimpleNamespace(status=status, content=body))

    async def send(_: ClientRequest) -> ClientResponse:
        return response

    request = cast("ClientRequest", SimpleNamespace(method=method, url=URL(url)))
    start = WatchStart(lambda path: version_for(path) if path == PATH else None)
    answered = await start(request, send)
    return json.loads(await answered.content.read()), body


async def test_a_list_is_empty_and_has_the_version_of_the_engines_list() -> None:
    """What was sent is read to its end, so that the connection can be used again; nothing continues."""
    listed, body = await answer(f"http://127.0.0.1{PATH}?limit=1")

    assert listed == {"items": [], "metadata": {"resourceVersion": "66"}}
    assert body.was_read


@pytest.mark.parametrize(
    ("url", "method", "status"),
    [
        (f"http://127.0.0.1{PATH}?watch=true&resourceVersion=66", "GET", 200),
        ("http://127.0.0.1/apis/slipway.dev/v1alpha1", "GET", 200),
        (f"http://127.0.0.1{PATH}", "POST", 200),
        (f"http://127.0.0.1{PATH}", "GET", 503),
    ],
    ids=["watch", "something else", "write", "refusal"],
)
async def test_every_other_answer_arrives_as_it_was_sent(url: str, method: str, status: int) -> None:
    """Only lists of watched kinds are stood in for, and only when the API server allows them."""
    listed, _ = await answer(url, method=method, status=status)

    assert listed["items"] == [{}]


async def test_the_rest_of_the_body_is_its_own() -> None:
    """The library asks a body for more than its content."""
    body = Body()
    response = cast("ClientResponse", SimpleNamespace(status=200, content=body))

    async def send(_: ClientRequest) -> ClientResponse:
        return response

    request = cast("ClientRequest", SimpleNamespace(method="GET", url=URL(f"http://127.0.0.1{PATH}")))
    answered = await WatchStart(version_for)(request, send)
    await answered.content.read()

    assert answered.content.is_eof()
