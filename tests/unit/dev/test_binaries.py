"""Where the servers come from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.binaries import MODULES, BinariesMissing, Module, binaries, binary, version_flags
from dev.components import COMPONENTS
from dev.node.components import NODE_COMPONENTS


def _executables(directory: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (directory / name).touch(mode=0o755)


@pytest.fixture(autouse=True)
def _forget_answers() -> Iterator[None]:
    binaries.cache_clear()
    binary.cache_clear()
    yield
    binaries.cache_clear()
    binary.cache_clear()


def test_a_directory_of_the_user_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`SLIPWAY_BIN` wins over cache and build."""
    _executables(tmp_path, COMPONENTS)
    monkeypatch.setenv("SLIPWAY_BIN", str(tmp_path))

    assert binaries() == {name: tmp_path / name for name in COMPONENTS}


def test_a_directory_that_lacks_some_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names what is missing, and what else can be done."""
    _executables(tmp_path, COMPONENTS[:-1])
    monkeypatch.setenv("SLIPWAY_BIN", str(tmp_path))

    with pytest.raises(BinariesMissing, match=rf"{COMPONENTS[-1]}; unset it to have them built"):
        binaries()


def test_cached_binaries_are_used_without_a_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No Go is needed once the cache has them."""
    monkeypatch.delenv("SLIPWAY_BIN", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nonexistent")
    for module in MODULES:
        module.cached.mkdir(parents=True)

    found = binaries()

    assert set(found) == set(COMPONENTS)
    assert all(path.is_relative_to(tmp_path) for path in found.values())
    assert binary("referrers").is_relative_to(tmp_path)


def test_a_directory_without_the_second_registry_serves_a_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is missed, by name, only where it is asked for."""
    _executables(tmp_path, COMPONENTS)
    monkeypatch.setenv("SLIPWAY_BIN", str(tmp_path))

    assert "referrers" not in binaries()
    assert binary("registry") == tmp_path / "registry"
    with pytest.raises(BinariesMissing, match="has no executable referrers; unset it to have them built"):
        binary("referrers")


def test_a_cluster_is_built_from_what_it_needs_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The module of the second registry is left alone until a test asks for it."""
    monkeypatch.delenv("SLIPWAY_BIN", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nonexistent")
    kube, extra = MODULES[:2]
    for module in (kube, extra):
        module.cached.mkdir(parents=True)

    assert sorted(binaries()) == sorted(COMPONENTS)
    assert sorted([*kube.packages, *extra.packages]) == sorted(COMPONENTS)


def test_a_node_is_built_from_modules_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two modules may share their pins; the binaries of one are there without those of the other."""
    monkeypatch.delenv("SLIPWAY_BIN", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/nonexistent")
    modules = {module.name: module for module in MODULES}
    for name in ("kubelet", "coredns"):
        modules[name].cached.mkdir(parents=True)

    assert set(binaries(NODE_COMPONENTS)) == set(NODE_COMPONENTS)
    assert modules["kubelet"].directory == modules["kube"].directory
    assert modules["kubelet"].cached != modules["kube"].cached


def test_the_cache_key_follows_the_pins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is the same for the same pins and stands below `$XDG_CACHE_HOME/slipway/bin`."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cached = [module.cached for module in MODULES]

    assert cached == [module.cached for module in MODULES]
    assert {path.parent for path in cached} == {tmp_path / "slipway" / "bin"}
    assert len(set(cached)) == len(MODULES)


def test_the_cache_key_follows_our_own_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command of ours is built anew when it changes; a module that only pins has no source."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("dev.binaries.PROJECT", tmp_path)
    module = Module("ours", {"ours": "slipway.dev/dev/tools/ours"})
    module.directory.mkdir(parents=True)
    for name in ("go.mod", "go.sum"):
        (module.directory / name).touch()

    keys = [module.cached]
    for source in ("package main", "package main\n"):
        (module.directory / "main.go").write_text(source)
        keys.append(module.cached)

    assert len(set(keys)) == 3


def test_kubernetes_is_told_its_version() -> None:
    """Charts with a `kubeVersion` compare with what these flags stamp."""
    flags = version_flags(
        "require (\n\tk8s.io/kubernetes v1.36.3\n\tk8s.io/kube-openapi v0.0.0 // indirect\n)\n"
    )

    assert flags.startswith("-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3")
    assert "-X k8s.io/client-go/pkg/version.gitMinor=36" in flags


def test_other_modules_are_only_stripped() -> None:
    """There is no version to stamp."""
    assert version_flags("require sigs.k8s.io/kwok v0.8.0\n") == "-s -w"
