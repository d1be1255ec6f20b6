"""Git subscriptions over real http git: pushes, filters, windows, and credentials."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dev.gitrepository import GitRepository
from dev.gitserver import GitServer
from tests.cluster.kinds.warehouse.watched import artifact, git, is_ready, make, now_has, request
from tests.support.objects import Objects, condition

pytestmark = pytest.mark.usefixtures("crds", "shared_operator")

USERS = {"robot": "correct horse"}
BASIC_AUTH = "kubernetes.io/basic-auth"
ROBOT = {"username": "robot", "password": "correct horse"}
SECRET = {"secretRef": {"name": "git"}}


@pytest.fixture(scope="module")
def server() -> Iterator[GitServer]:
    """A git host that demands a password."""
    with GitServer(users=USERS) as running:
        yield running


@pytest.fixture
def source(server: GitServer, objects: Objects) -> GitRepository:
    """A repository with one commit, and the Secret that opens it."""
    made = server.repository(f"{objects.namespace}.git")
    made.commit({"apps/api/main.py": "1", "README.md": "1"}, "Begin")
    objects.secret("git", ROBOT, kind=BASIC_AUTH, hosts=host(server))
    return made


def host(server: GitServer) -> str:
    """As allowed hosts name it."""
    return server.url.partition("://")[2]


def url(server: GitServer, repository: GitRepository) -> str:
    """Where it is."""
    return f"{server.url}/{repository.path.name}"


def test_a_push_becomes_an_artifact(objects: Objects, server: GitServer, source: GitRepository) -> None:
    """With message and author; the release has another name then."""
    first = source.resolve("refs/heads/main")
    make(objects, "source", git("source", url(server, source), **SECRET))
    found = objects.wait("warehouses", "source", now_has("source", git=first))
    told = artifact(found, "source")["git"]
    assert (told["message"], told["author"], told["ref"]) == ("Begin", "Ann", "main")

    second = source.commit({"apps/api/main.py": "2"}, "Change the API")
    after = objects.wait("warehouses", "source", now_has("source", git=second))

    assert after["status"]["release"] != found["status"]["release"]
    assert [(one.get("from"), one["to"]) for one in after["status"]["history"]] == [
        (f"main@{first}", f"main@{second}"),
        (None, f"main@{first}"),
    ]
    assert is_ready(after)


def test_a_push_that_touches_only_excluded_paths_is_passed_over(
    objects: Objects, server: GitServer, source: GitRepository
) -> None:
    """The release keeps its name; what was passed over counts as soon as the filter does not exclude it."""
    first = source.resolve("refs/heads/main")
    body = make(objects, "source", git("source", url(server, source), excludePaths=["**/*.md"], **SECRET))
    found = objects.wait("warehouses", "source", now_has("source", git=first))

    second = source.commit({"README.md": "2", "docs/use.md": "1"}, "Write more")
    passed = objects.wait(
        "warehouses", "source", lambda now: artifact(now, "source")["git"].get("passedOver") == second
    )
    assert passed["status"]["release"] == found["status"]["release"]
    assert passed["status"]["history"] == found["status"]["history"]

    body["spec"]["subscriptions"][0]["git"]["excludePaths"] = ["docs/**"]
    objects.patch("warehouses", "source", {"spec": {"subscriptions": body["spec"]["subscriptions"]}})
    objects.wait("warehouses", "source", now_has("source", git=second))


def test_rapid_pushes_are_one_change(objects: Objects, server: GitServer, source: GitRepository) -> None:
    """Three pushes in one window make one entry of the history, the last one."""
    first = source.resolve("refs/heads/main")
    make(objects, "source", git("source", url(server, source), window="4s", **SECRET))
    objects.wait("warehouses", "source", now_has("source", git=first))

    source.commit({"a": "2"}, "Two")
    waiting = objects.wait("warehouses", "source", lambda now: bool(artifact(now, "source").get("seen")))
    assert artifact(waiting, "source")["git"]["commit"] == first
    assert is_ready(waiting)
    source.commit({"a": "3"}, "Three")
    request(objects, "warehouses", "source")
    last = source.commit({"a": "4"}, "Four")

    found = objects.wait("warehouses", "source", now_has("source", git=last))
    assert [(one.get("from"), one["to"]) for one in found["status"]["history"]] == [
        (f"main@{first}", f"main@{last}"),
        (None, f"main@{first}"),
    ]
    assert "seen" not in artifact(found, "source")


def test_a_credential_goes_only_to_hosts_that_its_secret_names(
    objects: Objects, server: GitServer, source: GitRepository
) -> None:
    """Nothing is asked at all before a person mends the Secret."""
    objects.secret("git", ROBOT, kind=BASIC_AUTH, hosts="git.example.com")
    asked = len(server.requests)
    make(objects, "source", git("source", url(server, source), **SECRET), interval="24h")

    found = objects.wait_not_ready("warehouses", "source", "CredentialNotBound")
    assert condition(found, "Stalled")["status"] == "True"
    mine = [one for one in server.requests[asked:] if source.path.name in one.path]
    assert mine == []

    objects.secret("git", ROBOT, kind=BASIC_AUTH, hosts=host(server))
    assert is_ready(request(objects, "warehouses", "source"))
