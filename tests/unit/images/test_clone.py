from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dev import ports
from dev.gitserver import GitServer
from dev.gitssh import GitSshServer
from slipway.build.builders.job.ending import ExitCode
from tests.support.image_scripts import Ended, ScriptHost

Clone = Callable[..., Ended]


@pytest.fixture(scope="module")
def server() -> Iterator[GitServer]:
    with GitServer() as running:
        yield running


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "source"


@pytest.fixture
def clone(tmp_path: Path, target: Path) -> Clone:
    host = ScriptHost(tmp_path / "host")
    host.directory.mkdir()

    def run(url: str, commit: str, **more: str) -> Ended:
        environment = {f"CLONE_{name.upper()}": value for name, value in more.items()}
        fixed = {"CLONE_URL": url, "CLONE_COMMIT": commit, "CLONE_DIRECTORY": str(target)}
        return host.run("git-clone/clone", environment={**fixed, **environment})

    return run


def test_exactly_the_commit_is_fetched_although_the_branch_moved_on(
    server: GitServer, clone: Clone, target: Path
) -> None:
    """Without its history, and without `.git`: the context of a build is the files."""
    repository = server.repository("moved")
    wanted = repository.commit({"app/Dockerfile": "FROM scratch"})
    repository.commit({"app/Dockerfile": "FROM other"})

    ended = clone(f"{server.url}/moved", wanted, path="app", dockerfile="Dockerfile")

    assert ended.code == 0, ended.output
    assert (target / "app" / "Dockerfile").read_text() == "FROM scratch"
    assert not (target / ".git").exists()


def test_a_repository_with_sha256_ids_is_read_too(server: GitServer, clone: Clone) -> None:
    repository = server.repository("sha256", object_format="sha256")

    assert clone(f"{server.url}/sha256", repository.commit({"a": "b"})).code == 0


@pytest.mark.parametrize("path", ["../other", "/etc", "a/../../b", ".."])
@pytest.mark.parametrize("field", ["path", "dockerfile"])
def test_a_path_out_of_the_tree_is_refused(clone: Clone, path: str, field: str) -> None:
    """Before anybody is asked for anything."""
    ended = clone("http://127.0.0.1:1/none", "0" * 40, **{field: path})

    assert (ended.code, ended.message) == (ExitCode.FAILED, f"'{path}' leads out of the repository\n")


def test_a_link_out_of_the_tree_is_refused(server: GitServer, clone: Clone) -> None:
    repository = server.repository("links")
    repository.git("symbolic-ref", "HEAD", "refs/heads/main")
    stream = (
        b"commit refs/heads/main\ncommitter A <a@b.c> 1 +0000\ndata 1\nx\nM 120000 inline out\ndata 4\n/etc\n"
    )
    repository.git("fast-import", "--quiet", content=stream)

    ended = clone(f"{server.url}/links", repository.resolve("main"), path="out")

    assert (ended.code, ended.message) == (ExitCode.FAILED, "'out' leads out of the repository\n")


@pytest.mark.parametrize(
    ("url", "commit"),
    [
        pytest.param("--upload-pack=touch x", "0" * 40, id="an option of git"),
        pytest.param("ext::sh -c true", "0" * 40, id="a remote helper"),
        pytest.param("file:///etc", "0" * 40, id="a local path with a scheme"),
        pytest.param("/etc", "0" * 40, id="a local path"),
        pytest.param("git://host/x", "0" * 40, id="a scheme that proves nothing"),
        pytest.param("http://host/x", "main", id="a branch"),
        pytest.param("http://host/x", "--all" + "0" * 35, id="an option for a commit"),
    ],
)
def test_what_is_no_address_or_no_commit_is_refused(clone: Clone, url: str, commit: str) -> None:
    ended = clone(url, commit)

    assert ended.code == ExitCode.FAILED
    assert "is not" in ended.message


def test_a_password_opens_a_repository_and_is_never_shown(clone: Clone, tmp_path: Path) -> None:
    with GitServer(users={"ann": "s3cret"}) as server:
        commit = server.repository("private").commit({"a": "b"})
        refused = clone(f"{server.url}/private", commit)
        let_in = clone(f"{server.url}/private", commit, credentials=_secret(tmp_path, ann="s3cret"))

    assert refused.code == ExitCode.REFUSED, refused.output
    assert let_in.code == 0, let_in.output
    assert "s3cret" not in refused.output + let_in.output


def test_a_token_opens_a_repository(clone: Clone, tmp_path: Path) -> None:
    (tmp_path / "bearerToken").write_text("t0ken")
    with GitServer(token="t0ken") as server:
        commit = server.repository("private").commit({"a": "b"})
        assert clone(f"{server.url}/private", commit, credentials=str(tmp_path)).code == 0


@pytest.mark.skipif(shutil.which("ssh") is None, reason="there is no ssh here")
def test_a_key_opens_a_repository_on_a_host_that_is_known(clone: Clone, tmp_path: Path) -> None:
    with GitSshServer() as server:
        commit = server.repository("private").commit({"a": "b"})
        (tmp_path / "identity").write_bytes(server.identity)
        strange = clone(f"{server.url}/private", commit, credentials=str(tmp_path))
        (tmp_path / "known_hosts").write_bytes(server.known_hosts)
        let_in = clone(f"{server.url}/private", commit, credentials=str(tmp_path))

    assert strange.code != 0
    assert "Host key verification failed" in strange.message
    assert let_in.code == 0, let_in.output


@pytest.mark.parametrize(
    ("status", "code"),
    [(500, ExitCode.PASSING), (503, ExitCode.PASSING), (429, ExitCode.PASSING), (403, ExitCode.REFUSED)],
)
def test_the_exit_code_tells_what_an_answer_means(
    server: GitServer, clone: Clone, status: int, code: ExitCode
) -> None:
    server.replies[f"/answers-{status}/info/refs"] = (status, {})

    assert clone(f"{server.url}/answers-{status}", "0" * 40).code == code


def test_a_redirect_is_not_followed(server: GitServer, clone: Clone) -> None:
    """The credential belongs to the host that the user named."""
    server.repository("elsewhere")
    location = {"Location": f"{server.url}/elsewhere/info/refs?service=git-upload-pack"}
    server.replies["/here/info/refs"] = (302, location)

    assert clone(f"{server.url}/here", "0" * 40).code == ExitCode.FAILED


def test_a_host_that_is_not_there_may_come_back(clone: Clone) -> None:
    with ports.reserved(1) as (closed,):
        assert clone(f"http://127.0.0.1:{closed}/x", "0" * 40).code == ExitCode.PASSING


def test_a_commit_that_is_not_there_is_said(server: GitServer, clone: Clone) -> None:
    server.repository("young").commit({"a": "b"})
    ended = clone(f"{server.url}/young", "1" * 40)

    assert ended.code == ExitCode.FAILED
    assert "1" * 40 in ended.message


def _secret(directory: Path, **users: str) -> str:
    secret = directory / "secret"
    secret.mkdir()
    for user, password in users.items():
        (secret / "username").write_text(user)
        (secret / "password").write_text(password)
    return str(secret)
