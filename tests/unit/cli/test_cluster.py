from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
import structlog

from slipway.cli.cluster import ClusterReader, connect
from slipway.cli.gathering import find_images, find_tags
from slipway.cli.reading import Where
from slipway.kube.client import KubeClient, ListPage
from slipway.oci.cache import CacheCounts
from slipway.settings import Settings
from tests.support.outside import open_outside
from tests.support.scripted_registry import Answer, ScriptedRegistry, tags

VARIABLE = "SLIPWAY_CACHE_DIRECTORY"
FILES = {"identity.key", "registries.sqlite"}
KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: shop
contexts: [{name: shop, context: {cluster: nowhere, user: nobody}}]
clusters: [{name: nowhere, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: nobody, user: {}}]
"""


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Where]:
    """A cluster that nobody calls; home and working directory are empty."""
    (tmp_path / "config").write_text(KUBECONFIG)
    (tmp_path / "home").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path / "work")
    yield Where(tmp_path / "config")
    structlog.reset_defaults()  # a command turns the log off


async def counts(where: Where) -> CacheCounts:
    """The cache of a command."""
    async with connect(where) as reader:
        assert isinstance(reader, ClusterReader)
        return await reader._outside.cache.counts()


def names(directory: Path) -> set[str]:
    """What is in a directory; files that come and go with a database apart."""
    return {path.name for path in directory.iterdir() if "sqlite-" not in path.name}


async def test_commands_keep_what_they_learn_below_the_home(where: Where, tmp_path: Path) -> None:
    assert (await counts(where)).has_file
    assert names(tmp_path / "home" / ".cache" / "slipway") == FILES


async def test_commands_keep_it_where_the_operator_would(
    where: Where, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a directory that is made when it is missing."""
    monkeypatch.setenv(VARIABLE, f" {tmp_path}/a/b ")

    assert (await counts(where)).has_file
    assert names(tmp_path / "a" / "b") == FILES
    assert names(tmp_path / "home") == set()


async def test_a_command_and_the_operator_share_a_file(
    where: Where, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the same time."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))

    async with open_outside(Settings(cache_directory=str(tmp_path / "cache"))) as operator:
        assert (await operator.cache.counts()).has_file
        assert (await counts(where)).has_file
        assert (await operator.cache.counts()).has_file


async def test_without_a_directory_commands_do_without(
    where: Where, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in the way stays as it is, and is no reason not to answer."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file"))

    assert not (await counts(where)).has_file
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.mark.parametrize("directory", ["none", "~nobody-has-this-name/cache"])
async def test_commands_that_may_keep_nothing_keep_nothing(
    where: Where, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, directory: str
) -> None:
    """Nor do they make a directory of that name."""
    monkeypatch.setenv(VARIABLE, directory)

    assert not (await counts(where)).has_file
    assert names(tmp_path / "work") == names(tmp_path / "home") == set()


async def test_the_other_settings_of_the_operator_are_its_own(
    where: Where, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value that would end it is no matter for somebody at a keyboard."""
    monkeypatch.setenv("SLIPWAY_WORKERS", "none")

    assert (await counts(where)).has_file
    assert names(tmp_path / "home" / ".cache" / "slipway") == FILES


class Registries:
    """An API server that has these Registries and nothing else."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._bodies = [
            {
                "metadata": {"name": f"r{number}", "namespace": "shop", "uid": url, "resourceVersion": "1"},
                "spec": {"url": url},
                "status": {"phase": "Connected"},
            }
            for number, url in enumerate(urls)
        ]

    async def pages(self, *_: Any) -> AsyncIterator[ListPage]:
        """One page."""
        yield ListPage(self._bodies, "1")


def waiting(asked: threading.Event, other: threading.Event) -> Callable[[str, str], Answer]:
    """A registry that lists what it has only once the other one was asked for that."""

    def script(_: str, path: str) -> Answer:
        if "_catalog" not in path:
            return tags("1.0.0") if "/tags/list" in path else Answer(200, {}, b"{}")
        asked.set()
        if not other.wait(5):
            return Answer(404)
        return Answer(200, {"Content-Type": "application/json"}, b'{"repositories": ["shop/api"]}')

    return script


@pytest.mark.parametrize("find", [find_images, find_tags], ids=["images", "images --tags"])
async def test_registries_are_asked_at_the_same_time(find: Any) -> None:
    """Each of these two answers only when the other was asked."""
    asked, other = threading.Event(), threading.Event()
    with (
        ScriptedRegistry(waiting(asked, other)) as first,
        ScriptedRegistry(waiting(other, asked)) as second,
    ):
        async with open_outside() as outside:
            kube = cast("KubeClient", Registries((first.url, second.url)))
            reader = ClusterReader(kube, outside, "shop")
            found = await find(reader, await reader.registries("shop"), "", lambda: None)

    assert found.failures == ()
    assert sorted(row.registry for row in found.rows) == ["r0", "r1"]
