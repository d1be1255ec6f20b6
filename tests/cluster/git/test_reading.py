"""Refs, commits and changed paths, read from real git over http and ssh."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dev.gitrepository import GitRepository
from dev.gitserver import GitServer
from dev.gitssh import GitSshServer
from slipway.git import CommitInfo, Found, GitClient, GitReference, Remote, Unknown
from slipway.git.errors import CommitNotFound, RefNotFound
from tests.support.git import key_of, remote

BOTH = pytest.mark.parametrize("scheme", ["http", "ssh"])


@pytest.fixture
def place(
    scheme: str, git_server: GitServer, ssh_server: GitSshServer, request: pytest.FixtureRequest
) -> tuple[GitRepository, Remote]:
    """An empty repository on a server of that scheme."""
    name = f"{request.node.name.replace('[', '-').replace(']', '')}.git"
    if scheme == "ssh":
        return ssh_server.repository(name), remote(f"{ssh_server.url}/{name}", key_of(ssh_server))
    return git_server.repository(name), remote(f"{git_server.url}/{name}")


@BOTH
async def test_branches_tags_and_the_default_branch_are_found(
    place: tuple[GitRepository, Remote], client: GitClient
) -> None:
    """An annotated tag by the commit it points to."""
    repository, source = place
    first = repository.commit({"a": "1"})
    second = repository.commit({"a": "2"}, branch="release/1.4", onto=first)
    annotation = repository.tag("v1.0.0", first, "The first")
    repository.tag("v1.1.0", second)

    async def found(reference: GitReference) -> Found:
        return reference.find(await client.ls_remote(source, reference.patterns), max)

    assert annotation != first
    assert await found(GitReference()) == Found("HEAD", first)
    assert await found(GitReference(branch="main")) == Found("refs/heads/main", first)
    assert await found(GitReference(branch="release/1.4")) == Found("refs/heads/release/1.4", second)
    assert await found(GitReference(tag="v1.0.0")) == Found("refs/tags/v1.0.0", first)
    assert await found(GitReference(semver="^1")) == Found("refs/tags/v1.1.0", second)
    with pytest.raises(RefNotFound, match="no branch wip"):
        await found(GitReference(branch="wip"))


@BOTH
async def test_an_empty_repository_has_no_refs(
    place: tuple[GitRepository, Remote], client: GitClient
) -> None:
    """Which is an answer, and not an error of the host's."""
    assert await client.ls_remote(place[1], ["HEAD"]) == {}


@BOTH
async def test_a_commit_is_told_by_its_message(
    place: tuple[GitRepository, Remote], client: GitClient
) -> None:
    """Also one that is no tip any more."""
    repository, source = place
    old = repository.commit({"a": "1"}, "Sell \u2615\n\nAnd more.")
    repository.commit({"a": "2"})

    told = await client.commit_info(source, old)

    assert told == CommitInfo(old, "Sell \u2615", "Ann", datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC))


@BOTH
async def test_the_paths_that_differ_are_told(place: tuple[GitRepository, Remote], client: GitClient) -> None:
    """Over several commits at once: what came and went in between does not differ."""
    repository, source = place
    old = repository.commit({"apps/api/x.go": "1", "apps/web/y.ts": "1", "README.md": "1"})
    repository.commit({"apps/api/x.go": "2", "tmp": "1"})
    repository.commit({"tmp": None, "caf\u00e9 au lait": "1"})
    new = repository.commit({"README.md": None})

    assert await client.changed_paths(source, old, new) == frozenset(
        {"apps/api/x.go", "caf\u00e9 au lait", "README.md"}
    )


@BOTH
async def test_a_force_push_is_judged_by_what_differs(
    place: tuple[GitRepository, Remote], client: GitClient
) -> None:
    """As long as the host still has the commit; whether one descends from the other does not matter."""
    repository, source = place
    old = repository.commit({"a": "1", "b": "1"})
    new = repository.commit({"a": "1", "b": "2"}, onto=None)

    assert await client.changed_paths(source, old, new) == frozenset({"b"})


@BOTH
async def test_a_commit_that_is_gone_leaves_the_changes_unknown(
    place: tuple[GitRepository, Remote], client: GitClient
) -> None:
    """So that it counts, as one that changed everything."""
    repository, source = place
    new = repository.commit({"a": "1"})

    told = await client.changed_paths(source, "0123456789" * 4, new)

    assert isinstance(told, Unknown)
    assert "force-push" in told.why
    with pytest.raises(CommitNotFound):
        await client.commit_info(source, "0123456789" * 4)


async def test_object_ids_of_sha_256_are_read_too(git_server: GitServer, client: GitClient) -> None:
    """Both sides must use one format."""
    repository = git_server.repository("sha256.git", object_format="sha256")
    old, new = repository.commit({"a": "1"}), repository.commit({"b": "1"})
    source = remote(f"{git_server.url}/sha256.git")

    assert await client.ls_remote(source, ["refs/heads/main"]) == {"refs/heads/main": new}
    assert await client.changed_paths(source, old, new) == frozenset({"b"})


async def test_an_old_server_is_asked_for_the_branch(old_server: GitServer, client: GitClient) -> None:
    """It gives out no commit by its id: the branch is fetched, deep enough to find the old commit."""
    repository = old_server.repository("old.git")
    old = repository.commit({"a": "1"})
    new = repository.commit({"b": "1"})
    source = remote(f"{old_server.url}/old.git")

    assert await client.ls_remote(source, ["refs/heads/main"]) == {"refs/heads/main": new}
    assert (await client.commit_info(source, new, "refs/heads/main")).id == new
    assert await client.changed_paths(source, old, new, "refs/heads/main") == frozenset({"b"})
    assert isinstance(await client.changed_paths(source, "0" * 40, new, "refs/heads/main"), Unknown)
    with pytest.raises(CommitNotFound, match="not on the branch"):
        await client.commit_info(source, old, "refs/heads/main")


async def test_refs_of_other_kinds_are_not_even_sent(git_server: GitServer, client: GitClient) -> None:
    """Forges have thousands of refs for pull requests."""
    repository = git_server.repository("many.git")
    commit = repository.commit({"a": "1"})
    lines = "".join(f"create refs/pull/{number}/head {commit}\n" for number in range(200))
    repository.git("update-ref", "--stdin", content=lines.encode())
    before = git_server.sent

    await client.ls_remote(remote(f"{git_server.url}/many.git"), ["refs/heads/main"])

    assert git_server.sent - before < 1000
