"""What a large, slow or hostile host costs (F32, abuse case 36)."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
from pathlib import Path

import pytest

from dev.gitserver import GitServer
from slipway.git import GitClient, GitCredential, Limits, Unknown
from slipway.git.errors import InvalidResponse, Timeout, TooLarge
from tests.support.git import listening, remote, traces

ADVERTISEMENT = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n"
    b"Connection: close\r\n\r\n001e# service=git-upload-pack\n0000"
)


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory in which homes are made, for this test alone."""
    directory = tmp_path / "homes"
    directory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    return directory


async def test_large_files_are_not_fetched(git_server: GitServer, client: GitClient) -> None:
    """Of a repository with 4 MiB of files, some KiB come: trees without blobs."""
    repository = git_server.repository("large.git")
    large = {f"assets/{number}.bin": os.urandom(1 << 20) for number in range(4)}
    old = repository.commit({**large, "src/a.go": "1"})
    new = repository.commit({"assets/0.bin": os.urandom(1 << 20), "src/a.go": "2"})
    source = remote(f"{git_server.url}/large.git")
    before = git_server.sent

    assert await client.changed_paths(source, old, new) == frozenset({"assets/0.bin", "src/a.go"})
    assert (await client.commit_info(source, new)).id == new
    assert git_server.sent - before < 8192


async def test_a_host_that_does_not_filter_is_cut_off(homes: Path, old_server: GitServer) -> None:
    """Over the cap on disk nothing is known, which counts as a change; the commit cannot be told."""
    repository = old_server.repository("large.git")
    old = repository.commit({"a.bin": os.urandom(4 << 20)})
    new = repository.commit({"b": "1"})
    source = remote(f"{old_server.url}/large.git")
    client = GitClient(Limits(disk=1 << 20))

    told = await client.changed_paths(source, old, new, "refs/heads/main")

    assert isinstance(told, Unknown)
    assert "more than 1 MiB" in told.why
    with pytest.raises(TooLarge):
        await client.commit_info(source, new, "refs/heads/main")
    assert traces(homes) == []


async def test_a_list_of_refs_over_the_limit_is_no_answer(git_server: GitServer) -> None:
    """In refs, and in bytes."""
    repository = git_server.repository("tags.git")
    commit = repository.commit({"a": "1"})
    lines = "".join(f"create refs/tags/v{number} {commit}\n" for number in range(50))
    repository.git("update-ref", "--stdin", content=lines.encode())
    source = remote(f"{git_server.url}/tags.git")

    with pytest.raises(TooLarge, match="more than 49 refs"):
        await GitClient(Limits(refs=49)).ls_remote(source, ["refs/tags/*"])
    with pytest.raises(TooLarge, match="more than 1 KiB"):
        await GitClient(Limits(output=1024)).ls_remote(source, ["refs/tags/*"])
    assert len(await GitClient(Limits(refs=50)).ls_remote(source, ["refs/tags/*"])) == 50


async def test_more_changed_paths_than_the_limit_are_unknown(git_server: GitServer) -> None:
    """What nobody would filter path by path."""
    repository = git_server.repository("paths.git")
    old = repository.commit({"a": "1"})
    new = repository.commit({f"b{number}": "1" for number in range(11)})
    client = GitClient(Limits(paths=10))

    told = await client.changed_paths(remote(f"{git_server.url}/paths.git"), old, new)

    assert told == Unknown("more than 10 paths changed")


async def test_a_host_that_never_ends_is_left_at_the_deadline(homes: Path) -> None:
    """With nothing running, and nothing on disk."""
    with listening(ADVERTISEMENT, is_endless=True) as port, pytest.raises((Timeout, InvalidResponse)):
        await GitClient(Limits(seconds=1)).ls_remote(remote(f"http://127.0.0.1:{port}/x"), ["HEAD"])

    assert traces(homes) == []


@pytest.mark.parametrize("scheme", ["http", "https", "ssh"])
async def test_a_host_that_says_nothing_is_left_at_the_deadline(homes: Path, scheme: str) -> None:
    """As one that is down behind a firewall."""
    credential = GitCredential(identity=b"x\n", known_hosts=b"x\n")
    with listening(b"", is_endless=True) as port:
        source = remote(f"{scheme}://127.0.0.1:{port}/x", credential)
        with pytest.raises(Timeout, match="in time"):
            await GitClient(Limits(seconds=0.5)).ls_remote(source, ["HEAD"])

    assert traces(homes) == []


async def test_a_cancelled_conversation_leaves_nothing_behind(
    homes: Path, git_server: GitServer, client: GitClient
) -> None:
    """Its programs are gone, its home is removed, and its slot is free for the next."""
    git_server.repository("held.git").commit({"a": "1"})
    asked, go_on = threading.Event(), threading.Event()
    git_server.pauses["/held.git/info/refs"] = (asked, go_on)
    source = remote(f"{git_server.url}/held.git")
    tasks = [asyncio.create_task(client.ls_remote(source, ["HEAD"])) for _ in range(4)]
    await asyncio.to_thread(asked.wait)

    for task in tasks:
        task.cancel()
    ends = await asyncio.gather(*tasks, return_exceptions=True)

    assert all(isinstance(end, asyncio.CancelledError) for end in ends)
    assert traces(homes) == []
    go_on.set()
    assert await client.ls_remote(source, ["HEAD"])


async def test_hooks_submodules_links_and_filters_come_to_nothing(
    git_server: GitServer, client: GitClient
) -> None:
    """Nothing is checked out: a repository is a list of names, whatever they are."""
    repository = git_server.repository("hostile.git")
    old = repository.commit({"a": "1"})
    new = repository.commit(
        {
            ".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = http://169.254.169.254/x\n',
            ".gitattributes": "* filter=lfs diff=evil\n",
            ".lfsconfig": "[lfs]\n\turl = http://169.254.169.254/\n",
            ".mailmap": "Eve <eve@example.com> <ann@example.com>\n",
            "hooks/post-checkout": "#!/bin/sh\ntouch /tmp/pwned\n",
        }
    )
    requests = len(git_server.requests)
    source = remote(f"{git_server.url}/hostile.git")

    told = await client.changed_paths(source, old, new)
    info = await client.commit_info(source, new)

    assert told == frozenset(
        {".gitmodules", ".gitattributes", ".lfsconfig", ".mailmap", "hooks/post-checkout"}
    )
    assert info.author == "Ann"
    assert len(git_server.requests) - requests == 4
