"""Many files of one commit, asked for at the same time of real git."""

from __future__ import annotations

import asyncio
import random
from threading import Event

import pytest

from dev.gitserver import GitServer
from slipway.git import GitClient, Limits, errors
from tests.support.git import remote

INFO = "/info/refs"


def fetches(server: GitServer, name: str) -> int:
    """How many were begun; one conversation has two: of the trees, then of the files."""
    return sum(INFO in one.path and name in one.path for one in server.requests)


async def test_files_that_are_asked_for_together_are_fetched_together(
    git_server: GitServer, client: GitClient
) -> None:
    """A push below a hundred images is no hundred conversations; also what two want is read once."""
    repository = git_server.repository("together.git")
    names = [f"apps/{number}/Dockerfile" for number in range(30)]
    commit = repository.commit({name: f"FROM {name}\n" for name in names})
    source = remote(f"{git_server.url}/together.git")

    found = await asyncio.gather(*(client.read_file(source, commit, name) for name in [*names, names[0]]))

    assert found == [f"FROM {name}\n".encode() for name in [*names, names[0]]]
    assert fetches(git_server, "together.git") == 2


async def test_what_is_wrong_with_one_file_is_no_concern_of_the_others(
    git_server: GitServer, client: GitClient
) -> None:
    """Missing, a directory, or too long."""
    commit = git_server.repository("some.git").commit({"a": "1", "apps/b": "2", "long": "x" * 200})
    source = remote(f"{git_server.url}/some.git")

    found = await asyncio.gather(
        *(
            client.read_file(source, commit, path, limit=100)
            for path in ("a", "gone", "apps", "apps/b", "long")
        ),
        return_exceptions=True,
    )

    assert found[::3] == [b"1", b"2"]
    assert [type(one) for one in found[1:3]] == [errors.FileMissing, errors.NotAFile]
    assert isinstance(found[4], errors.TooLarge)


async def test_file_that_is_more_than_is_taken_leaves_room_for_the_others(git_server: GitServer) -> None:
    """What is too much together is read one by one."""
    content = random.Random(1).randbytes(4 << 20)
    commit = git_server.repository("heavy.git").commit({"big": content, "a": "1", "b": "2"})
    source = remote(f"{git_server.url}/heavy.git")
    client = GitClient(Limits(disk=1 << 20))

    found = await asyncio.gather(
        *(client.read_file(source, commit, path) for path in ("big", "a", "b")), return_exceptions=True
    )

    assert isinstance(found[0], errors.TooLarge)
    assert found[1:] == [b"1", b"2"]


async def test_whoever_is_cancelled_takes_nobody_along(git_server: GitServer, client: GitClient) -> None:
    """And the last one to be cancelled ends the conversation."""
    commit = git_server.repository("paused.git").commit({"a": "1", "b": "2"})
    source = remote(f"{git_server.url}/paused.git")
    asked, go_on = git_server.pauses[f"/paused.git{INFO}"] = (Event(), Event())
    first, second = (asyncio.create_task(client.read_file(source, commit, path)) for path in ("a", "b"))
    await asyncio.to_thread(asked.wait)

    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    go_on.set()
    assert await second == b"2"

    asked.clear()
    go_on.clear()
    only = asyncio.create_task(client.read_file(source, commit, "a"))
    await asyncio.to_thread(asked.wait)
    (running,) = (task for task in asyncio.all_tasks() if task.get_name() == "git files")
    only.cancel()
    with pytest.raises(asyncio.CancelledError):
        await only
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_whoever_asks_when_the_last_one_has_just_gone_is_served(
    git_server: GitServer, client: GitClient
) -> None:
    """The conversation that is given up was not theirs."""
    commit = git_server.repository("next.git").commit({"a": "1"})
    source = remote(f"{git_server.url}/next.git")
    first = asyncio.create_task(client.read_file(source, commit, "a"))
    await asyncio.sleep(0)  # it has asked, and nothing has begun

    first.cancel()
    second = asyncio.create_task(client.read_file(source, commit, "a"))

    assert await second == b"1"
    assert first.cancelled()


async def test_what_ends_a_conversation_is_told_to_all(git_server: GitServer, client: GitClient) -> None:
    """And whoever asks afterwards begins another one."""
    repository = git_server.repository("back.git")
    commit = repository.commit({"a": "1", "b": "2"})
    source = remote(f"{git_server.url}/back.git")
    git_server.replies[f"/back.git{INFO}"] = (503, {})

    found = await asyncio.gather(
        *(client.read_file(source, commit, path) for path in ("a", "b")), return_exceptions=True
    )
    del git_server.replies[f"/back.git{INFO}"]

    assert all(isinstance(one, errors.GitError) for one in found)
    assert await client.read_file(source, commit, "a") == b"1"
