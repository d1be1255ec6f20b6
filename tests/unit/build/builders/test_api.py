from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable

import pytest

from slipway.build.builders.api import CiApi, path_of
from slipway.build.builders.errors import AnswerTooLarge, BuilderUnreachable, TargetMissing
from slipway.build.builders.refusals import Subject
from slipway.http import HttpClient
from tests.support.ci.fake import TOKEN, json_reply
from tests.support.raw_server import RawServer, Reply, Seen

SUBJECT = Subject("project shop/api", "the scope api")


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    client = HttpClient(timeout=5)
    yield client
    await client.aclose()


async def _numbers(api: CiApi) -> list[int]:
    return [
        number
        async for answer in api.pages("runs", SUBJECT, {"per_page": "50"})
        for number in (answer.body if isinstance(answer.body, list) else answer.body["workflow_runs"])
    ]


def _pages(*pages: list[int], write: Callable[[list[int], bool], Reply]) -> Callable[[Seen], Reply]:
    def answer(seen: Seen) -> Reply:
        number = int(seen.target.rpartition("page=")[2])
        page = pages[number - 1] if number <= len(pages) else []
        return write(page, number >= len(pages))

    return answer


WRITERS: dict[str, Callable[[list[int], bool], Reply]] = {
    "total_count": lambda page, _: json_reply({"total_count": 5, "workflow_runs": page}),
    "X-Next-Page": lambda page, last: json_reply(page, headers=[("X-Next-Page", "" if last else "2")]),
    "an empty page": lambda page, _: json_reply(page),
}


@pytest.mark.parametrize(("name", "requests"), [("total_count", 3), ("X-Next-Page", 3), ("an empty page", 4)])
async def test_a_list_is_read_to_its_end(http: HttpClient, name: str, requests: int) -> None:
    """However the vendor says where that is, and however few entries a page has."""
    async with RawServer(_pages([1, 2], [3, 4], [5], write=WRITERS[name])) as server:
        assert await _numbers(CiApi(http, server.url, TOKEN)) == [1, 2, 3, 4, 5]
        assert len(server.seen) == requests


async def test_a_list_without_an_end_is_given_up(http: HttpClient) -> None:
    """After twenty pages, with an error: the rest is not taken for empty."""
    async with RawServer(lambda _: json_reply([1, 2])) as server:
        with pytest.raises(AnswerTooLarge, match="40"):
            await _numbers(CiApi(http, server.url, TOKEN))
        assert len(server.seen) == 20


async def test_a_redirect_within_the_server_is_followed_with_the_token(http: HttpClient) -> None:
    """As GitHub does for a repository that was renamed."""

    def script(seen: Seen) -> Reply:
        if seen.path == "/repositories/1":
            return json_reply({"shown": seen.headers.get("authorization")})
        return Reply(301, b"", (("Location", "/repositories/1"),))

    async with RawServer(script) as server:
        answer = await CiApi(http, server.url, TOKEN).get("repos/shop/api", SUBJECT)

    assert answer.body == {"shown": f"Bearer {TOKEN}"}


async def test_a_dispatch_on_a_connection_that_was_closed_is_not_sent_twice(http: HttpClient) -> None:
    """Whether it arrived is then unknown, and nobody tries it out."""
    async with RawServer(lambda _: json_reply({})) as server:
        api = CiApi(http, server.url, TOKEN)
        await api.get("runs/1", SUBJECT)
        await server.end_connections()
        try:
            await api.post("dispatches", SUBJECT, {"ref": "main"})
        except BuilderUnreachable as error:
            assert error.may_have_arrived  # noqa: PT017 - both ends are right; which one, the system decides

        assert len([seen for seen in server.seen if seen.method == "POST"]) <= 1


async def test_the_path_of_the_address_is_kept(http: HttpClient) -> None:
    """GitHub Enterprise Server has its API below one; with or without a slash at the end."""
    async with RawServer(lambda _: json_reply({})) as server:
        for base in (f"{server.url}/api/v3", f"{server.url}/api/v3/"):
            await CiApi(http, base, None).post("repos/shop/api", SUBJECT, {"a": 1})

        assert [seen.target for seen in server.seen] == ["/api/v3/repos/shop/api"] * 2
        assert "authorization" not in server.seen[0].headers
        assert json.loads(server.seen[0].body) == {"a": 1}


def test_names_cannot_lead_elsewhere() -> None:
    """Slashes and question marks are a part of the name."""
    assert path_of("repos", "a/b", "c?d", "e#f", "%2e") == "repos/a%2Fb/c%3Fd/e%23f/%252e"
    for name in ("", ".", ".."):
        with pytest.raises(TargetMissing):
            path_of("repos", name)
