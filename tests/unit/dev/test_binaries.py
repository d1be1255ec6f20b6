"""Where the servers come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from dev.binaries import MODULES, BinariesMissing, binaries, version_flags
from dev.components import COMPONENTS


def _executables(directory: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (directory / name).touch(mode=0o755)


@pytest.fixture(autouse=True)
def _forget_earlier_answers() -> None:
    binaries.cache_clear()


def test_a_directory_of_the_user_is_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`SLIPWAY_BIN` wins over cache and build."""
    _executables(tmp_path, COMPONENTS)
    monkeypatch.setenv("SLIPWAY_BIN", str(tmp_path))

    assert binaries() == {name: tmp_path / name for name in COMPONENTS}
    binaries.cache_clear()


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
    binaries.cache_clear()


def test_the_modules_give_the_six_binaries_and_no_more() -> None:
    """Exactly what a cluster needs is built."""
    assert sorted(name for module in MODULES for name in module.packages) == sorted(COMPONENTS)


def test_the_cache_key_follows_the_pins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is the same for the same pins and stands below `$XDG_CACHE_HOME/slipway/bin`."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    kube, extra = MODULES

    assert kube.cached == kube.cached
    assert kube.cached.parent == extra.cached.parent == tmp_path / "slipway" / "bin"
    assert kube.cached != extra.cached


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
