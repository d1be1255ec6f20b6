"""The examples of `docs/managed-image.md`, followed: its commands, its manifests, its Dockerfile.

Only the places are others: the registry, the git host and the CI servers of the test bed.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pytest
import yaml

from dev.bakery import Bakery
from dev.cache import PROJECT
from dev.cluster import Cluster
from dev.gitserver import GitServer
from dev.operator import OperatorProcess
from slipway.api.managedimage import ManagedImage
from tests.cluster.kinds.managedimage.runner import Runner
from tests.cluster.kinds.managedimage.shelf import Shelf
from tests.support.ci.fake import TOKEN
from tests.support.ci.github import FakeGitHub
from tests.support.ci.gitlab import FakeGitLab
from tests.support.ci.thread import ServedCi
from tests.support.cluster import FAST
from tests.support.objects import Body, Objects
from tests.support.pages import page_path

pytestmark = [pytest.mark.usefixtures("crds", "process"), pytest.mark.test_bed]

EXAMPLES: Final = PROJECT / "examples" / "managed-image"
JOBS: Final = {"SLIPWAY_BUILDER_IMAGE": "builder:1", "SLIPWAY_GIT_IMAGE": "git:1"}
HEADINGS: Final = {
    "rebase": "Example: rebase",
    "job": "Example: Jobs",
    "github": "Example: GitHub Actions",
    "gitlab": "Example: GitLab pipelines",
}
FAKES: Final = {"github": FakeGitHub, "gitlab": FakeGitLab}
PLURALS: Final = {
    "Registry": "registries",
    "Warehouse": "warehouses",
    "ManagedImage": "managedimages",
    "Deployment": "deployments",
}
VARIABLES: Final = {
    "PASSWORD": "p",
    "TOKEN": "t",
    "ACTIONS_TOKEN": TOKEN,
    "CONTENTS_TOKEN": "t",
    "GITHUB_USER": "ann",
    "PACKAGES_TOKEN": "p",
    "API_TOKEN": TOKEN,
    "DEPLOY_USER": "ann",
    "DEPLOY_TOKEN": "p",
}
"""What the reader has put into the variables that the commands name."""


@pytest.fixture(scope="module")
def process(cluster: Cluster, crds: None) -> Iterator[OperatorProcess]:
    """An operator that may make Jobs."""
    with OperatorProcess(cluster, environment={**FAST, **JOBS}) as running:
        yield running


@dataclass
class Reader:
    """Follows one example in a namespace of its own."""

    example: str
    cluster: Cluster
    objects: Objects
    shelf: Shelf
    git: GitServer
    ci: ServedCi | None

    def make_secrets(self) -> None:
        """Run the commands of the page."""
        page = page_path(ManagedImage).read_text(encoding="utf-8")
        section = page.partition(f"\n## {HEADINGS[self.example]}\n")[2].partition("\n## ")[0]
        commands = [
            block
            for block in re.findall(r"^```\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)
            if block.startswith("kubectl create secret")
        ]
        script = re.sub(r"allowed-hosts=\S+", f"allowed-hosts={','.join(self._hosts())}", "".join(commands))
        script = re.sub(r"--docker-server=\S+", f"--docker-server={self.cluster.registry_host}", script)
        here = f'kubectl() {{ command kubectl -n {self.objects.namespace} "$@"; }}\n'
        environment = {**os.environ, **self.cluster.environment(), **VARIABLES}
        subprocess.run(["bash", "-euo", "pipefail", "-c", here + script], env=environment, check=True)

    def apply(self) -> None:
        """Create what the manifests of the folder say."""
        for path in sorted((EXAMPLES / self.example).glob("*.yaml")):
            body = yaml.safe_load(self.placed(path.read_text(encoding="utf-8")))
            self._adapt(body["kind"], body["spec"])
            self.objects.api.create(self.objects.path(PLURALS[body["kind"]]), body)

    def placed(self, text: str) -> str:
        """A text of the example with the places of the test bed."""
        git = f"{self.git.url}/{self.objects.namespace}.git"
        text = re.sub(r"https://git\w*\.(?:example\.)?com/shop/api\.git", git, text)
        text = text.replace("https://registry.example.com", self.cluster.registry_url)
        text = re.sub(
            r"(registry\.example\.com|ghcr\.io|registry\.gitlab\.com)/shop/api", self.shelf.app(), text
        )
        return text.replace("registry.example.com/base/runtime", self.shelf.base)

    def _adapt(self, kind: str, spec: Body) -> None:
        if kind == "Registry":
            spec.pop("project", None)
            spec |= {"type": "Generic", "url": self.cluster.registry_url}
        if kind == "ManagedImage" and self.ci is not None:
            spec["build"][self.example]["url"] = self.ci.fake.url

    def _hosts(self) -> list[str]:
        return [self.git.url.removeprefix("http://"), *([self.ci.host] if self.ci else [])]


@pytest.fixture
def reader(
    request: pytest.FixtureRequest, cluster: Cluster, objects: Objects, namespace: str
) -> Iterator[Reader]:
    """Of the example that the test names, with those who build it."""
    shelf = Shelf(cluster.registry_url, namespace)
    with ExitStack() as stack:
        git, ci = stack.enter_context(GitServer()), None
        builders: list[Any] = [stack.enter_context(Bakery(cluster.api, namespace, cluster.registry_url))]
        if request.param in FAKES:
            ci = stack.enter_context(ServedCi(FAKES[request.param](now=lambda: datetime.now(UTC))))
            builders.append(stack.enter_context(Runner(ci.fake, cluster.registry_url)))
        made = Reader(request.param, cluster, objects, shelf, git, ci)
        base = shelf.push_base("1")
        for builder in builders:
            builder.add(base)
        shelf.push_app(base)
        dockerfile = (EXAMPLES / "job" / "repository" / "Dockerfile").read_text(encoding="utf-8")
        files = {"Dockerfile": made.placed(dockerfile), "server": "1"}
        git.repository(f"{namespace}.git").commit(files, "Begin")
        yield made


def has_image(build: int | None) -> Callable[[Body | None], bool]:
    """Whether the image is the one of this build; None for the source build."""

    def check(body: Body | None) -> bool:
        status = (body or {}).get("status") or {}
        return bool(status.get("phase") == "Current" and status["image"].get("build") == build)

    return check


def runs(digest: str) -> Callable[[Body | None], bool]:
    """Whether a Deployment is healthy with this digest."""

    def check(body: Body | None) -> bool:
        status = (body or {}).get("status") or {}
        return bool(status.get("phase") == "Healthy" and status["image"]["digest"] == digest)

    return check


@pytest.mark.parametrize("reader", HEADINGS, indirect=True)
def test_who_follows_an_example_has_an_image_that_runs(reader: Reader) -> None:
    """With the Secrets of the page, and nothing that the page does not tell."""
    objects = reader.objects
    reader.make_secrets()
    reader.apply()
    if reader.example == "rebase":
        objects.wait("managedimages", "api", has_image(None))
        reader.shelf.push_base("2")
        objects.ask("warehouses", "runtime")
    objects.wait("managedimages", "api", has_image(1), timeout=120)
    objects.wait("deployments", "api", runs(reader.shelf.digest("1.4.0-1")), timeout=60)
