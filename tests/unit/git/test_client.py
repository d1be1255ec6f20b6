"""What is refused before any program runs; tests/cluster/git talks to real hosts."""

from __future__ import annotations

import asyncio

import pytest

from slipway.egress import EgressPolicy
from slipway.git import ANONYMOUS, GitClient, GitCredential, Limits, Remote, parse_git_url
from slipway.git.errors import (
    CredentialInvalid,
    EgressRefused,
    GitError,
    InvalidReference,
    Timeout,
    Unreachable,
)

ID = "a" * 40
KEY = GitCredential(identity=b"key\n", known_hosts=b"hosts\n")


async def _resolve(name: str, port: int) -> list[str]:
    """A resolver that somebody else rules."""
    if name == "nowhere.example.com.":
        raise OSError
    if name == "slow.example.com.":
        await asyncio.sleep(60)
    return ["203.0.113.1", "169.254.169.254"]


REFUSED = {
    "plain http that the operator does not allow": (
        "http://git.example.com/x",
        ANONYMOUS,
        EgressRefused,
        "plain http",
    ),
    "a loopback address": ("https://127.0.0.1/x", ANONYMOUS, EgressRefused, "loopback"),
    "loopback over ssh": ("ssh://git@127.0.0.1/x", KEY, EgressRefused, "loopback"),
    "a Service of another namespace": (
        "https://gitea.other.svc/x",
        ANONYMOUS,
        EgressRefused,
        "inside the cluster",
    ),
    "an address for metadata": ("https://169.254.169.254/x", ANONYMOUS, EgressRefused, "metadata"),
    "a name that means metadata": ("https://git.example.com/x", ANONYMOUS, EgressRefused, "metadata"),
    "a name that means metadata, over ssh": ("git@git.example.com:x", KEY, EgressRefused, "metadata"),
    "a name that nobody knows": (
        "https://nowhere.example.com/x",
        ANONYMOUS,
        Unreachable,
        "could not be resolved",
    ),
    "a name server that does not answer": ("https://slow.example.com/x", ANONYMOUS, Timeout, "in time"),
    "ssh without a key": ("git@git.example.com:x", ANONYMOUS, CredentialInvalid, "set secretRef"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_no_program_is_sent_where_it_may_not_go(case: str) -> None:
    """Every address of a name counts, whatever the scheme."""
    url, credential, kind, words = REFUSED[case]
    client = GitClient(Limits(seconds=0.15 if kind is Timeout else 20), resolve=_resolve)
    remote = Remote(parse_git_url(url), credential, EgressPolicy(namespace="shop"))

    with pytest.raises(kind, match=words):
        await client.ls_remote(remote, ["HEAD"])


@pytest.mark.parametrize("identifier", ["", "main", ID[:39], "--upload-pack=x", f"{ID}^"])
async def test_a_commit_is_named_by_its_whole_id(identifier: str) -> None:
    """Nothing else gets to a command line."""
    remote = Remote(parse_git_url("https://git.example.com/x"))
    client = GitClient(resolve=_resolve)

    with pytest.raises(InvalidReference):
        await client.commit_info(remote, identifier)
    with pytest.raises(InvalidReference):
        await client.changed_paths(remote, ID, identifier)
    with pytest.raises(GitError, match="is no ref"):
        await client.commit_info(remote, ID, "--upload-pack=x")


async def test_a_commit_differs_from_itself_in_nothing() -> None:
    """Nobody is asked for that."""
    client = GitClient(resolve=_resolve)

    assert await client.changed_paths(Remote(parse_git_url("https://h/x")), ID, ID) == frozenset()
