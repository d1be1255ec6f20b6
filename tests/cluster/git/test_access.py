"""Who gets in, where to, and what the programs say when not: the words that are read are real here."""

from __future__ import annotations

import asyncio
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dev.gitserver import GitServer
from dev.gitssh import GitSshServer
from slipway.git import (
    ANONYMOUS,
    GitClient,
    GitCredential,
    GitError,
    errors,
    git_credential_for,
    parse_git_url,
)
from slipway.oci.credentials import Secret
from tests.support.git import key_of, listening, remote

ANN = GitCredential("ann", "hunter2")


@pytest.fixture(scope="module", autouse=True)
def repositories(
    git_server: GitServer, password_server: GitServer, tls_server: GitServer, ssh_server: GitSshServer
) -> None:
    """The same repository everywhere."""
    for server in (git_server, password_server, tls_server, ssh_server):
        server.repository("shop.git").commit({"a": "1"})


async def _resolve(name: str, port: int) -> list[str]:
    """A name that exists here alone."""
    return ["127.0.0.1"]


async def test_a_password_lets_in(password_server: GitServer, client: GitClient) -> None:
    """Shown at once, in a header, and nowhere else."""
    before = len(password_server.requests)

    assert await client.ls_remote(remote(f"{password_server.url}/shop.git", ANN), ["HEAD"])
    asked = password_server.requests[before:]
    assert {request.authorization for request in asked} == {ANN.authorization}
    assert not [request for request in asked if "hunter2" in request.path]
    assert {request.agent for request in asked} == {_agent()}
    assert {request.protocol for request in asked} == {"version=2"}


async def test_a_token_lets_in(client: GitClient) -> None:
    """As bearer."""
    with GitServer(token="hunter2") as server:
        server.repository("shop.git").commit({"a": "1"})

        assert await client.ls_remote(
            remote(f"{server.url}/shop.git", GitCredential(token="hunter2")), ["HEAD"]
        )


@pytest.mark.parametrize(
    ("credential", "words"), [(ANONYMOUS, "set secretRef"), (GitCredential("ann", "hunter3"), "renew it")]
)
async def test_a_wrong_or_missing_password_does_not(
    credential: GitCredential, words: str, password_server: GitServer, client: GitClient
) -> None:
    """And nobody is asked for a better one."""
    with pytest.raises(errors.AuthenticationFailed, match=words) as caught:
        await client.ls_remote(remote(f"{password_server.url}/shop.git", credential), ["HEAD"])

    assert "hunter3" not in str(caught.value)


async def test_nothing_secret_stands_on_a_command_line(password_server: GitServer, client: GitClient) -> None:
    """Nor in an environment: any process of the machine may read the one, ours the other."""
    asked, go_on = threading.Event(), threading.Event()
    password_server.pauses["/shop.git/info/refs"] = (asked, go_on)
    task = asyncio.create_task(client.ls_remote(remote(f"{password_server.url}/shop.git", ANN), ["HEAD"]))
    await asyncio.to_thread(asked.wait)
    seen = list(_lines_of_programs())
    go_on.set()
    del password_server.pauses["/shop.git/info/refs"]
    await task

    assert len(seen) >= 2
    assert not [line for line in seen if b"hunter2" in line or ANN.secrets[1].encode() in line]


async def test_an_authority_of_ones_own_is_trusted_by_the_secret_alone(
    tls_server: GitServer, client: GitClient
) -> None:
    """From `ca.crt`; without it the host is a stranger."""
    assert tls_server.authority is not None
    authorities = tls_server.authority.files.certificate.read_bytes()
    url = f"{tls_server.url}/shop.git"

    assert await client.ls_remote(remote(url, GitCredential(authorities=authorities)), ["HEAD"])
    with pytest.raises(errors.CertificateInvalid, match=r"ca\.crt"):
        await client.ls_remote(remote(url), ["HEAD"])


async def test_a_name_is_called_at_the_address_that_was_checked(
    git_server: GitServer, ssh_server: GitSshServer
) -> None:
    """Nobody else resolves it: here it exists in our resolver alone."""
    client = GitClient(resolve=_resolve)
    key = replace(key_of(ssh_server), known_hosts=ssh_server.host_line("git.example.com"))

    assert await client.ls_remote(remote(f"http://git.example.com:{git_server.port}/shop.git"), ["HEAD"])
    assert await client.ls_remote(
        remote(f"ssh://git@git.example.com:{ssh_server.port}/shop.git", key), ["HEAD"]
    )


@pytest.mark.parametrize(
    "variable", ["http_proxy", "ALL_PROXY", "GIT_PROXY_COMMAND", "GIT_CONFIG_PARAMETERS"]
)
async def test_our_own_environment_leads_nobody_astray(
    variable: str, git_server: GitServer, client: GitClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would resolve the name again."""
    monkeypatch.setenv(variable, "http://127.0.0.1:1")

    assert await client.ls_remote(remote(f"{git_server.url}/shop.git"), ["HEAD"])


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_told_and_not_followed(
    status: int, password_server: GitServer, git_server: GitServer, client: GitClient
) -> None:
    """The other host may be one that we must not call; it gets no request, and no password."""
    to = f"{git_server.url}/shop.git/info/refs?service=git-upload-pack"
    password_server.replies["/moved/info/refs"] = (status, {"Location": to})
    before = len(git_server.requests)

    with pytest.raises(errors.Redirected, match="write the new address"):
        await client.ls_remote(remote(f"{password_server.url}/moved", ANN), ["HEAD"])
    assert len(git_server.requests) == before


async def test_alternates_of_a_plain_file_server_are_not_followed(
    git_server: GitServer, client: GitClient
) -> None:
    """By the old protocol a host may send clients elsewhere for objects."""
    with GitServer() as other:
        text = {"Content-Type": "text/plain"}
        identifier = "0123456789" * 4
        other.bodies["/dumb/info/refs"] = (text, f"{identifier}\trefs/heads/main\n".encode())
        other.bodies["/dumb/HEAD"] = (text, b"ref: refs/heads/main\n")
        other.bodies["/dumb/objects/info/http-alternates"] = (
            text,
            f"{git_server.url}/shop.git/objects\n".encode(),
        )
        before = len(git_server.requests)

        with pytest.raises(GitError):
            await client.commit_info(remote(f"{other.url}/dumb"), identifier)

    assert len(git_server.requests) == before


STATUSES = {
    400: errors.NotAGitRepository,
    403: errors.AccessDenied,
    404: errors.RepositoryNotFound,
    429: errors.RateLimited,
    503: errors.HostFailing,
}


@pytest.mark.parametrize("status", STATUSES)
async def test_statuses_become_errors(status: int, git_server: GitServer, client: GitClient) -> None:
    """By what git says of them."""
    git_server.replies["/broken/info/refs"] = (status, {})

    with pytest.raises(STATUSES[status]):
        await client.ls_remote(remote(f"{git_server.url}/broken"), ["HEAD"])


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", errors.Unreachable),
        (b"SSH-2.0-x\r\n", errors.Unreachable),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", errors.NotAGitRepository),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", errors.NotAGitRepository),
        (
            (
                b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n"
                b"Content-Length: 6\r\n\r\n<html>"
            ),
            errors.InvalidResponse,
        ),
    ],
    ids=["an empty answer", "another protocol", "a web page", "nothing at all", "words instead of packets"],
)
async def test_what_is_no_git_host_is_said_to_be_none(
    answer: bytes, kind: type[GitError], client: GitClient
) -> None:
    """By what git says of it."""
    with listening(answer) as port, pytest.raises(kind):
        await client.ls_remote(remote(f"http://127.0.0.1:{port}/x"), ["HEAD"])


async def test_nobody_listening_is_unreachable(client: GitClient) -> None:
    """Over http and ssh alike."""
    key = GitCredential(identity=b"x\n", known_hosts=b"x\n")
    for source in (remote("http://127.0.0.1:1/x"), remote("ssh://git@127.0.0.1:1/x", key)):
        with pytest.raises(errors.Unreachable, match="tried again"):
            await client.ls_remote(source, ["HEAD"])


async def test_plain_http_behind_an_https_url_is_told(git_server: GitServer, client: GitClient) -> None:
    """As a wrong port most likely."""
    with pytest.raises(errors.CertificateInvalid, match=r"does not speak TLS|not trusted"):
        await client.ls_remote(remote(f"https://127.0.0.1:{git_server.port}/shop.git"), ["HEAD"])


@pytest.fixture
def stranger() -> Iterator[GitSshServer]:
    """A server with other keys, not started."""
    server = GitSshServer()
    yield server
    server.close()


async def test_an_ssh_host_must_show_a_known_key(
    ssh_server: GitSshServer, stranger: GitSshServer, client: GitClient
) -> None:
    """A key that is not listed, and another one than is listed, are the same danger."""
    key = key_of(ssh_server)
    other = stranger.known_hosts.replace(str(stranger.port).encode(), str(ssh_server.port).encode())
    before = len(ssh_server.commands)

    for hosts in (b"github.com ssh-ed25519 AAAA\n", other):
        with pytest.raises(errors.HostKeyUnknown, match="ssh-keyscan"):
            await client.ls_remote(
                remote(f"{ssh_server.url}/shop.git", replace(key, known_hosts=hosts)), ["HEAD"]
            )
    assert len(ssh_server.commands) == before


async def test_an_ssh_host_lets_in_only_a_known_key(
    ssh_server: GitSshServer, stranger: GitSshServer, client: GitClient
) -> None:
    """A stranger's, and one that ssh cannot read, are told apart."""
    key = key_of(ssh_server)
    broken = b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"

    for identity, kind in (
        (stranger.identity, errors.AuthenticationFailed),
        (broken, errors.CredentialInvalid),
    ):
        with pytest.raises(kind):
            await client.ls_remote(
                remote(f"{ssh_server.url}/shop.git", replace(key, identity=identity)), ["HEAD"]
            )


async def test_ssh_is_asked_for_one_command(ssh_server: GitSshServer, client: GitClient) -> None:
    """With the path quoted, whatever is in it; no shell of ours reads it."""
    before = len(ssh_server.commands)

    with pytest.raises(errors.RepositoryNotFound):
        await client.ls_remote(remote(f"{ssh_server.url}/a $(touch x);b", key_of(ssh_server)), ["HEAD"])
    assert ssh_server.commands[before:] == ["git-upload-pack '/a $(touch x);b'"]


async def test_a_secret_of_the_cluster_opens_a_host(ssh_server: GitSshServer, client: GitClient) -> None:
    """From the Secret to the answer."""
    url = parse_git_url(f"{ssh_server.url}/shop.git")
    secret = Secret(
        "deploy-key",
        "Opaque",
        {"identity": ssh_server.identity, "known_hosts": ssh_server.known_hosts},
        {"slipway.dev/allowed-hosts": url.place},
    )

    assert await client.ls_remote(remote(str(url), git_credential_for(secret, url)), ["HEAD"])


def _lines_of_programs() -> Iterator[bytes]:
    """Command lines and environments of the programs that talk to a host for us now."""
    for process in Path("/proc").iterdir():
        try:
            if "slipway-git-" in str((process / "cwd").readlink()):
                yield (process / "cmdline").read_bytes()
                yield (process / "environ").read_bytes()
        except OSError:
            continue


def _agent() -> str:
    version = subprocess.run(["git", "version"], capture_output=True, text=True, check=True).stdout.split()[2]
    return f"git/{'.'.join(version.split('.')[:2])} slipway"
