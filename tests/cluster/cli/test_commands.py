"""The commands as real processes, on a real API server and real registries. No operator runs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from dev.cluster import Cluster
from dev.populate import Contents, populate
from dev.registry import Registry
from tests.support.objects import Objects
from tests.support.scripted_registry import Answer, ScriptedRegistry, tags
from tests.support.scripted_registry import image as manifest

pytestmark = pytest.mark.timeout(180)

Slipway = Callable[..., "subprocess.CompletedProcess[str]"]

PASSWORD = "correct horse battery staple"
USERS = {"robot": PASSWORD}
BASIC = {"username": "robot", "password": PASSWORD}
TAGS = ("1.3.0", "1.4.0", "1.4.1", "1.5.0-rc.1", "nightly")


@pytest.fixture(scope="module")
def closed_registry() -> Iterator[Registry]:
    """A registry that demands a password, with two repositories."""
    with Registry(users=USERS) as running:
        populate(running.storage, [Contents("shop/api", TAGS, own=5), Contents("shop/web", ("1.0.0",))])
        yield running


@pytest.fixture(scope="module")
def down_registry() -> Iterator[Registry]:
    """A registry that takes no connections."""
    with Registry() as running:
        running.stop()
        yield running


@pytest.fixture
def acme(objects: Objects, closed_registry: Registry) -> str:
    """The host of the Registry `acme`, whose password is in the Secret `allowed`."""
    objects.secret("allowed", BASIC, kind="kubernetes.io/basic-auth", hosts=closed_registry.host)
    objects.registry("acme", closed_registry.url, secretRef={"name": "allowed"})
    return closed_registry.host


def document(ended: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What a command printed as JSON."""
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


# --- slipway images


def test_a_registry_that_is_down_takes_nothing_from_the_others(
    slipway: Slipway, objects: Objects, acme: str, down_registry: Registry, namespace: str
) -> None:
    """One line on standard error, exit code 0, and the whole of the other one."""
    objects.registry("gone", down_registry.url)

    ended = slipway("images", "--output", "json")

    found = document(ended)
    assert [item["repository"] for item in found["items"]] == [f"{acme}/shop/api", f"{acme}/shop/web"]
    assert [failure["registry"] for failure in found["failures"]] == ["gone"]
    assert ended.stderr.splitlines() == [
        f"Warning: Registry gone in namespace {namespace}: {found['failures'][0]['message']}"
    ]
    assert down_registry.host in ended.stderr


def test_repositories_are_a_table(slipway: Slipway, acme: str) -> None:
    """For people, and for grep: a row is a line, however long it is."""
    ended = slipway("images", "WEB")

    lines = [line.split() for line in ended.stdout.splitlines()]
    assert (ended.returncode, ended.stderr) == (0, "")
    assert lines == [["REGISTRY", "REPOSITORY", "TAGS", "UPDATED"], ["acme", f"{acme}/shop/web", "-", "-"]]


def test_tags_are_searched_in_all_repositories(slipway: Slipway, acme: str) -> None:
    """The text may reach from the repository into the tag."""
    found = document(slipway("images", "--tags", "api:1.4", "--output", "json"))

    assert [item["tag"] for item in found["items"]] == ["1.4.0", "1.4.1"]


def test_registries_of_all_namespaces_may_be_asked(slipway: Slipway, acme: str, namespace: str) -> None:
    """Then each row names its namespace."""
    found = document(slipway("images", "--all-namespaces", "--output", "json"))

    assert namespace in {item["namespace"] for item in found["items"]}


def test_a_secret_that_a_person_may_not_read_is_a_warning(
    reader: Slipway, objects: Objects, acme: str, closed_registry: Registry
) -> None:
    """Secrets are read with the rights of whoever asks, not with those of the operator."""
    objects.secret("hidden", BASIC, kind="kubernetes.io/basic-auth", hosts=closed_registry.host)
    objects.registry("private", closed_registry.url, secretRef={"name": "hidden"}, project="shop/api")

    ended = reader("images", "--output", "json")

    assert len(document(ended)["items"]) == 2
    (line,) = ended.stderr.splitlines()
    assert "Registry private" in line
    assert "Secret hidden" in line
    assert "may not be read with these rights" in line
    assert "ask whoever runs the cluster" in line


def test_no_password_is_ever_printed(slipway: Slipway, objects: Objects, acme: str) -> None:
    """Not even when it is wrong."""
    wrong = {"username": "robot", "password": "wrong-" + PASSWORD.replace(" ", "-")}
    objects.secret("wrong", wrong, kind="kubernetes.io/basic-auth", hosts=acme)
    objects.registry("denied", f"http://{acme}", secretRef={"name": "wrong"})

    ended = slipway("images", "-o", "wide")

    assert "Registry denied" in ended.stderr
    assert wrong["password"] not in ended.stdout + ended.stderr
    assert PASSWORD not in ended.stdout + ended.stderr


# --- slipway tags


def test_tags_are_listed_with_their_digests(reader: Slipway, acme: str) -> None:
    """Through the Registry that fits, found by the host; the digests of the page are asked for."""
    found = document(reader("tags", f"{acme}/shop/api", "--limit", "2", "--page", "2", "-o", "json"))

    assert [item["tag"] for item in found["items"]] == ["1.4.1", "1.5.0-rc.1"]
    assert all(item["digest"].startswith("sha256:") for item in found["items"])
    assert found["pagination"] == {"total": 5, "page": 2, "perPage": 2, "pages": 3}


def test_what_one_command_asked_for_serves_the_next(slipway: Slipway, objects: Objects) -> None:
    """For five minutes, by the same credential: no digest is asked for twice."""
    digest = "sha256:" + "a" * 64

    def script(method: str, path: str) -> Answer:
        return tags("v1") if "/tags/list" in path else manifest(digest)

    with ScriptedRegistry(script) as server:
        objects.registry("counted", server.url)
        first, second = (
            document(slipway("tags", f"{server.host}/shop/api", "-o", "json"))["items"] for _ in range(2)
        )

    assert first == second
    assert first[0]["digest"] == digest
    assert [request for request in server.requests if request.startswith("HEAD")] == [
        "HEAD /v2/shop/api/manifests/v1"
    ]


def test_a_repository_that_is_not_there_is_an_error(slipway: Slipway, acme: str) -> None:
    """It is the only one that was asked for."""
    ended = slipway("tags", "--registry", "acme", "shop/none")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("Error: ")
    assert "shop/none" in ended.stderr
    assert "Traceback" not in ended.stderr


# --- slipway why


def test_why_tells_what_the_operator_would_do(reader: Slipway, objects: Objects, acme: str) -> None:
    """By looking at the registry with the code of the operator."""
    policy = {"type": "Semver", "semver": {"range": "~1.4", "prereleases": False}}
    objects.warehouse("api", f"{acme}/shop/api", policy)

    chosen = document(reader("why", "warehouse/api", "1.4.1", "-o", "json"))
    candidate = reader("why", "wh/api", "1.4.0")
    rejected = reader("why", "api", "1.5.0-rc.1", "--subscription", "app")

    assert (chosen["verdict"], chosen["position"], chosen["candidates"]) == ("Chosen", 1, 2)
    assert chosen["watched"] == f"{acme}/shop/api"
    assert candidate.stdout == "'1.4.0' is number 2 of 2 candidates, and a better one was taken\n"
    assert rejected.stdout.startswith("'1.5.0-rc.1' is a pre-release")


def test_why_needs_a_warehouse(reader: Slipway, objects: Objects, namespace: str) -> None:
    """Exit code 1 and what to do."""
    ended = reader("why", "warehouse/none", "1.0.0")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"Error: There is no Warehouse none in namespace {namespace}: correct the name, or name the namespace"
        " with -n\n"
    )


# --- the process


def test_an_interruption_ends_it_without_a_traceback(
    cluster: Cluster, objects: Objects, namespace: str, tmp_path: Path
) -> None:
    """Exit code 130, as of everything that Ctrl-C ends."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        objects.registry("silent", f"http://127.0.0.1:{silent.getsockname()[1]}")
        running = subprocess.Popen(
            [sys.executable, "-m", "slipway.cli", "images", "--namespace", namespace],
            env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig), "HOME": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Scripts that run the tests in the background have interruptions ignored.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - C code alone
        )
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(1)  # it has asked, and waits for the answer
            running.send_signal(signal.SIGINT)
            output, errors = running.communicate(timeout=60)

    assert (running.returncode, output, errors) == (130, "", "")


def test_the_operator_is_a_command_too() -> None:
    """It complains of settings as it does without the command."""
    ended = subprocess.run(
        [sys.executable, "-m", "slipway.cli", "run"],
        env={**os.environ, "SLIPWAY_WORKERS": "none"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("SLIPWAY_WORKERS: ")
