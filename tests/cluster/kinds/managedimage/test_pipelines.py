"""ManagedImages that are built by pipelines outside of the cluster: real operator, real registry, fake CI."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from dev.cluster import Cluster
from dev.operator import OperatorProcess
from tests.cluster.kinds.managedimage.runner import Runner
from tests.cluster.kinds.managedimage.shelf import Shelf, watch_base
from tests.support.ci.fake import TOKEN, FakeCi, json_reply
from tests.support.ci.gitea import FakeGitea
from tests.support.ci.github import FakeGitHub
from tests.support.ci.gitlab import FakeGitLab
from tests.support.ci.thread import ServedCi
from tests.support.cluster import FAST
from tests.support.objects import Body, Objects
from tests.support.raw_server import Hanging, Reply, Seen

pytestmark = [pytest.mark.usefixtures("crds"), pytest.mark.test_bed]

WORKFLOW = {"owner": "shop", "repository": "api", "workflow": "image.yml"}
VENDORS: dict[str, tuple[type[FakeCi], dict[str, str]]] = {
    "GitHub": (FakeGitHub, WORKFLOW),
    "GitLab": (FakeGitLab, {"project": "shop/api"}),
    "Gitea": (FakeGitea, WORKFLOW),
}


@pytest.fixture(scope="module")
def process(cluster: Cluster, crds: None) -> Iterator[OperatorProcess]:
    """An operator that needs no images for Jobs."""
    with OperatorProcess(cluster, environment=FAST) as running:
        yield running


@dataclass
class Place:
    """A namespace with a base, a CI system and its runners."""

    objects: Objects
    shelf: Shelf
    ci: ServedCi
    runner: Runner
    kind: str

    @property
    def fake(self) -> FakeCi:
        return self.ci.fake

    @property
    def dispatches(self) -> list[Seen]:
        return self.ci.seen("POST", self.fake.starts_at)

    def trust(self, token: str = TOKEN) -> None:
        """Put a token into the Secret."""
        self.objects.secret("ci", {"token": token}, hosts=self.ci.host)

    def enrol(self, **spec: Any) -> Body:
        """Have the image built there."""
        member = {**VENDORS[self.kind][1], "url": self.fake.url, "secretRef": {"name": "ci"}}
        body = {
            "apiVersion": "slipway.dev/v1alpha1",
            "kind": "ManagedImage",
            "metadata": {"name": "api"},
            "spec": {
                "image": {"repository": self.shelf.app(), "tag": "1-{build}", "floatingTags": ["latest"]},
                "bases": [{"reference": f"{self.shelf.base}:stable"}],
                "build": {"type": self.kind, self.kind.lower(): member},
                **spec,
            },
        }
        return self.objects.api.create(self.objects.path("managedimages"), body)

    def delete(self) -> None:
        """Have the image go."""
        self.objects.api.delete(self.objects.path("managedimages", "api"))

    def wait(self, check: Callable[[Body | None], bool], *, timeout: float = 30) -> Body:
        return self.objects.wait("managedimages", "api", check, timeout=timeout)

    def wait_built(self, number: int) -> Body:
        """Wait for a build; the operator is asked to look rather than waited for."""
        self.wait(has_run(number))
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            self.objects.ask("managedimages", "api")
            try:
                return self.wait(has_built(number), timeout=2)
            except TimeoutError:
                continue
        return self.wait(has_built(number), timeout=0.1)


@pytest.fixture
def place(
    request: pytest.FixtureRequest, cluster: Cluster, namespace: str, process: OperatorProcess
) -> Iterator[Place]:
    """Of the vendor that the test names, or GitHub."""
    with opened(getattr(request, "param", "GitHub"), cluster, namespace) as made:
        yield made


@contextmanager
def opened(kind: str, cluster: Cluster, namespace: str) -> Iterator[Place]:
    fake = VENDORS[kind][0](now=lambda: datetime.now(UTC))
    shelf = Shelf(cluster.registry_url, namespace)
    with ExitStack() as stack:
        ci = stack.enter_context(ServedCi(fake))
        runner = stack.enter_context(Runner(fake, cluster.registry_url))
        made = Place(Objects(cluster.api, namespace), shelf, ci, runner, kind)
        runner.add(shelf.push_base("1"))
        watch_base(made.objects, shelf)
        yield made


def has_built(number: int) -> Callable[[Body | None], bool]:
    def check(body: Body | None) -> bool:
        status = (body or {}).get("status") or {}
        return bool(status.get("phase") == "Current" and status["image"].get("build") == number)

    return check


def newest(body: Body | None) -> dict[str, Any]:
    builds = ((body or {}).get("status") or {}).get("builds") or [{}]
    found: dict[str, Any] = builds[0]
    return found


def has_run(number: int) -> Callable[[Body | None], bool]:
    return lambda body: newest(body).get("number") == number and "run" in newest(body)


def test_an_image_without_a_dockerfile_tells_its_base(place: Place) -> None:
    """The first build names it, and is not repeated; from then on its moves are followed."""
    place.trust()
    place.runner.label = f"{place.shelf.base}:stable"
    place.enrol(bases=[])
    place.wait_built(1)
    found = place.wait(lambda body: bool(_first_base(body).get("latestDigest")))["status"]["bases"]
    assert [(one["reference"], one["toldBy"]) for one in found] == [(place.runner.label, "Label")]

    base = place.runner.add(place.shelf.push_base("2"))
    second = place.wait_built(2)
    assert second["status"]["bases"][0]["builtDigest"] == base.digest
    assert [one["type"] for one in newest(second)["reasons"]] == ["Base"]


def _first_base(body: Body | None) -> dict[str, Any]:
    bases = ((body or {}).get("status") or {}).get("bases") or [{}]
    found: dict[str, Any] = bases[0]
    return found


@pytest.mark.parametrize("place", VENDORS, indirect=True)
def test_a_base_that_moves_is_one_run(place: Place) -> None:
    """It is told what to build on, followed, proven to stand on its base, promoted, and linked."""
    place.trust()
    place.enrol()
    first = place.wait_built(1)
    assert first["status"]["image"]["digest"] == place.shelf.digest("1-1") == place.shelf.digest("latest")

    base = place.runner.add(place.shelf.push_base("2"))
    second = place.wait_built(2)
    assert second["status"]["bases"][0]["builtDigest"] == base.digest
    assert newest(second)["run"]["id"] == str(place.fake.runs[-1].number)
    assert newest(second)["run"]["url"].endswith(f"/{place.fake.runs[-1].number}")
    assert len(place.fake.runs) == len(place.dispatches) == 2


def test_an_operator_that_dies_as_it_dispatches_starts_one_run(
    place: Place, process: OperatorProcess
) -> None:
    """The next one finds the run, though it is not listed at once."""
    fake = place.fake

    def die(seen: Seen) -> Hanging | None:
        if seen.method != "POST" or fake.runs:
            return None
        fake.answer(seen, seen.path, {})
        fake.hides = 2
        process.kill()
        return Hanging()

    fake.instead = die
    place.runner.is_free.clear()
    place.trust()
    place.enrol()
    place.objects.api.wait_for(place.objects.path("managedimages", "api"), lambda _: bool(fake.runs))
    assert process.exit_code() < 0
    process.start()
    process.wait_ready()
    place.wait(has_run(1))
    place.runner.is_free.set()
    place.wait_built(1)
    assert len(fake.runs) == len(place.dispatches) == 1


def test_a_dispatch_whose_answer_is_lost_is_one_run(place: Place) -> None:
    """It is found by its key, though it is not listed at once, and not sent again."""
    place.fake.loses_answers, place.fake.hides = True, 1
    place.runner.is_free.clear()
    place.trust()
    place.enrol()
    found = place.wait(has_run(1))
    assert newest(found)["run"]["id"] == str(place.fake.runs[-1].number)
    place.runner.is_free.set()
    place.wait_built(1)
    assert len(place.fake.runs) == len(place.dispatches) == 1


def test_a_token_that_is_over_says_so_and_is_exchanged(place: Place) -> None:
    """With a reason of its own, until the Secret has another one."""
    place.fake.instead = lambda seen: (
        json_reply({"message": "Token expired"}, 401) if "old" in seen.headers["authorization"] else None
    )
    place.trust("old")
    place.enrol()
    place.objects.wait_not_ready("managedimages", "api", "TokenExpired")
    place.trust()
    place.wait(has_run(1), timeout=60)
    place.wait_built(1)
    assert len(place.fake.runs) == 1


def test_a_token_goes_to_no_host_that_its_secret_does_not_name(place: Place) -> None:
    """Not a request is sent."""
    place.objects.secret("ci", {"token": TOKEN}, hosts="ci.example.com")
    place.enrol()
    place.objects.wait_not_ready("managedimages", "api", "CredentialNotBound")
    assert place.ci.seen("POST") == place.ci.seen("GET") == []


def test_a_secondary_limit_is_waited_for(place: Place) -> None:
    """As long as the server says."""
    moments: list[float] = []

    def limit(seen: Seen) -> Reply | None:
        if seen.method != "POST":
            return None
        moments.append(time.monotonic())
        words = {"message": "You have exceeded a secondary rate limit"}
        return json_reply(words, 403, [("Retry-After", "17")]) if len(moments) == 1 else None

    place.fake.instead = limit
    place.trust()
    place.enrol()
    place.objects.wait_not_ready("managedimages", "api", "RateLimited")
    place.wait(has_run(1), timeout=60)
    assert len(moments) == 2
    assert moments[1] - moments[0] >= 17
    assert len(place.fake.runs) == 1


def test_a_build_that_is_cancelled_ends_its_run(place: Place) -> None:
    """And is not begun again."""
    place.runner.is_free.clear()
    place.trust()
    place.enrol()
    place.wait(has_run(1))
    place.objects.ask("managedimages", "api", "cancel-build")
    found = place.wait(lambda body: newest(body).get("phase") == "Cancelled")
    assert newest(found)["reason"] == "Cancelled"
    assert [run.cancelled for run in place.fake.runs] == [1]


def test_an_image_that_is_deleted_ends_its_run(place: Place) -> None:
    """No Job goes with it by itself here."""
    place.runner.is_free.clear()
    place.trust()
    place.enrol()
    place.wait(has_run(1))
    place.delete()
    place.wait(lambda body: body is None)
    assert [run.cancelled for run in place.fake.runs] == [1]


def test_an_image_that_is_deleted_waits_a_moment_for_a_host_that_is_away(place: Place) -> None:
    """It says what it waits for, and goes once the host is back; after a minute it would go without."""
    place.runner.is_free.clear()
    place.trust()
    place.enrol()
    place.wait(has_run(1))
    place.fake.instead = lambda _: Reply(503)
    place.delete()
    place.objects.wait_not_ready("managedimages", "api", "BuilderFailing")
    place.fake.instead = lambda _: None
    place.wait(lambda body: body is None, timeout=90)
