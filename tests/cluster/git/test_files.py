"""Single files of single commits, read from real git."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from dev.gitrepository import GitRepository
from dev.gitserver import GitServer
from dev.gitssh import GitSshServer
from slipway.git import GitClient, Limits, errors
from tests.support.git import key_of, remote

DOCKERFILE = "apps/api/Dockerfile"


@pytest.fixture(scope="module")
def filtering_server() -> Iterator[GitServer]:
    """A server that leaves out blobs, and gives out by their ids the tips of branches alone."""
    with GitServer(by_id=False, newest_protocol=0) as server:
        yield server


async def test_one_file_is_read_and_no_other_is_fetched(git_server: GitServer, client: GitClient) -> None:
    """Of a repository with 4 MiB of files, some KiB come."""
    repository = git_server.repository("one.git")
    large = {f"assets/{number}.bin": os.urandom(1 << 20) for number in range(4)}
    commit = repository.commit({**large, DOCKERFILE: "FROM python:3.12\n", "Dockerfile": "FROM scratch\n"})
    source = remote(f"{git_server.url}/one.git")
    before = git_server.sent

    assert await client.read_file(source, commit, DOCKERFILE) == b"FROM python:3.12\n"
    assert await client.read_file(source, commit, "Dockerfile") == b"FROM scratch\n"
    assert git_server.sent - before < 8192


async def test_a_file_is_read_over_ssh(ssh_server: GitSshServer, client: GitClient) -> None:
    """With the same commands."""
    commit = ssh_server.repository("file.git").commit({DOCKERFILE: "FROM python:3.12\n"})
    source = remote(f"{ssh_server.url}/file.git", key_of(ssh_server))

    assert await client.read_file(source, commit, DOCKERFILE) == b"FROM python:3.12\n"


async def test_a_file_is_read_as_the_commit_has_it(git_server: GitServer, client: GitClient) -> None:
    """Also of one that is no tip any more, byte for byte, whatever attributes say."""
    repository = git_server.repository("bytes.git")
    content = b"FROM a\r\n\xff\0$Id$ \n"
    attributes = "* text=auto eol=lf ident working-tree-encoding=UTF-16 filter=evil\n"
    old = repository.commit({"Dockerfile": content, ".gitattributes": attributes, "empty": ""})
    new = repository.commit({"Dockerfile": "FROM b\n"})
    source = remote(f"{git_server.url}/bytes.git")

    assert await client.read_file(source, old, "Dockerfile") == content
    assert await client.read_file(source, new, "Dockerfile") == b"FROM b\n"
    assert await client.read_file(source, old, "empty") == b""


async def test_names_that_mean_something_to_git_are_only_names(
    git_server: GitServer, client: GitClient
) -> None:
    """No option, no wildcard, no magic of path patterns."""
    repository = git_server.repository("names.git")
    names = ["--output=x", "-", ":(top)a", ":!a", "a*", "[a]", "caf\u00e9 au lait", "x^{tree}", "HEAD"]
    commit = repository.commit({name: f"{name}!" for name in names} | {"a": "not me", "ab": "nor me"})
    source = remote(f"{git_server.url}/names.git")

    for name in names:
        assert (await client.read_file(source, commit, name)).decode() == f"{name}!"
    for name in (":(glob)**", "a?", ":/a", "[ab]"):
        with pytest.raises(errors.FileMissing):
            await client.read_file(source, commit, name)


async def test_object_ids_of_sha_256_name_files_too(git_server: GitServer, client: GitClient) -> None:
    """Both sides must use one format."""
    commit = git_server.repository("sha256-file.git", object_format="sha256").commit({"a": "1"})

    assert await client.read_file(remote(f"{git_server.url}/sha256-file.git"), commit, "a") == b"1"


async def test_an_old_server_sends_all_files(old_server: GitServer, client: GitClient) -> None:
    """It gives out no commit by its id: the ref is fetched, and deeper when it has moved on."""
    repository = old_server.repository("files.git")
    old = repository.commit({DOCKERFILE: "FROM a\n"})
    repository.commit({DOCKERFILE: "FROM b\n"})
    new = repository.commit({"x": "1"})
    gone = repository.commit({DOCKERFILE: "FROM c\n"}, branch="wip")
    source = remote(f"{old_server.url}/files.git")

    assert await client.read_file(source, new, DOCKERFILE, "refs/heads/main") == b"FROM b\n"
    assert await client.read_file(source, old, DOCKERFILE, "refs/heads/main") == b"FROM a\n"
    repository.git("update-ref", "-d", "refs/heads/wip")
    with pytest.raises(errors.CommitNotFound, match="not on the branch"):
        await client.read_file(source, gone, DOCKERFILE, "refs/heads/main")


async def test_a_server_that_filters_but_gives_out_no_file_sends_all(
    filtering_server: GitServer, client: GitClient
) -> None:
    """What it left out at first is fetched again with the rest."""
    repository = filtering_server.repository("files.git")
    old = repository.commit({DOCKERFILE: "FROM a\n", "x": "1"})
    new = repository.commit({DOCKERFILE: "FROM b\n"})
    source = remote(f"{filtering_server.url}/files.git")

    assert await client.read_file(source, new, DOCKERFILE, "refs/heads/main") == b"FROM b\n"
    assert await client.read_file(source, old, DOCKERFILE, "refs/heads/main") == b"FROM a\n"


async def test_what_is_no_plain_file_is_refused(git_server: GitServer, client: GitClient) -> None:
    """A link is not followed, wherever it leads; nobody is asked for a submodule or for Git LFS."""
    repository = git_server.repository("others.git")
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 5\n"
    files = {"apps/real": "1", "apps/out": "../../../etc/passwd", "there": "apps", "lib": "1" * 40}
    modes = {"apps/out": "120000", "there": "120000", "lib": "160000"}
    commit = repository.commit(files | {"big": pointer}, modes=modes)
    source = remote(f"{git_server.url}/others.git")
    refused = {
        "apps": "apps is a directory",
        "apps/out": "apps/out is a symbolic link",
        "there/real": "there is a symbolic link",
        "lib": "lib is a submodule",
        "lib/x": "lib is a submodule",
        "big": "Git LFS keeps it",
    }

    for path, words in refused.items():
        with pytest.raises(errors.NotAFile, match=words):
            await client.read_file(source, commit, path)
    for path in ("nothing", "apps/nothing", "apps/real/x"):
        with pytest.raises(errors.FileMissing, match=f"^{path} is not in commit {commit[:7]}$"):
            await client.read_file(source, commit, path)


async def test_a_commit_that_is_gone_has_no_files(git_server: GitServer, client: GitClient) -> None:
    """Which is not the same as a file that is missing."""
    repository = git_server.repository("gone.git")
    repository.commit({"a": "1"})

    with pytest.raises(errors.CommitNotFound):
        await client.read_file(remote(f"{git_server.url}/gone.git"), "0123456789" * 4, "a")


async def test_a_large_file_is_not_read(git_server: GitServer, old_server: GitServer) -> None:
    """Over the limit it is told by its size; over the cap on disk the host is cut off."""
    content = random.Random(1).randbytes(4 << 20)

    def place(server: GitServer) -> tuple[GitRepository, str]:
        return server.repository("big-file.git"), f"{server.url}/big-file.git"

    for server in (git_server, old_server):
        repository, url = place(server)
        commit = repository.commit({"big": content, "small": "x" * 100})
        ref = "refs/heads/main"
        with pytest.raises(errors.TooLarge, match="big has 4194304 bytes in commit"):
            await GitClient().read_file(remote(url), commit, "big", ref)
        with pytest.raises(errors.TooLarge, match="sent more than 1 MiB"):
            await GitClient(Limits(disk=1 << 20)).read_file(remote(url), commit, "big", ref)
        with pytest.raises(errors.TooLarge, match="more than the 99 that are read"):
            await GitClient().read_file(remote(url), commit, "small", ref, limit=99)
        assert await GitClient().read_file(remote(url), commit, "small", ref, limit=100) == b"x" * 100
