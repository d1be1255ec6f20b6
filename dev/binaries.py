"""The servers of the test bed: from a directory of the user's, the cache, or built from source.

The sources are published Go modules, pinned by `dev/tools/*/go.mod` and `go.sum`, and a command of ours; a
change of any of these files gives another cache key, so that no checkout ever runs another one's versions.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from rich.console import Console

from dev.build_progress import BuildProgress
from dev.cache import PROJECT, cache_directory, content_key, made_once
from dev.components import COMPONENTS
from dev.golang import find_go, go_environment

__all__ = ["MODULES", "BinariesMissing", "Module", "binaries", "binary", "version_flags"]


class BinariesMissing(RuntimeError):  # noqa: N818 - the name is the sentence
    """The directory that the user named lacks some of the binaries."""


@dataclass(frozen=True, slots=True)
class Module:
    """A Go module of ours: it pins commands of others, or is one over the packages of others."""

    name: str
    """What its binaries are kept under."""
    packages: Mapping[str, str]
    """Import paths of the commands by the name of the binary."""
    folder: str = ""
    """Its folder in `dev/tools/`; empty where that is its name."""

    @property
    def directory(self) -> Path:
        """Where its go.mod lies."""
        return PROJECT / "dev" / "tools" / (self.folder or self.name)

    @property
    def cached(self) -> Path:
        """Where its binaries are kept."""
        pins = [(self.directory / name).read_bytes() for name in ("go.mod", "go.sum")]
        sources = [path.read_bytes() for path in sorted(self.directory.glob("*.go"))]
        recipe = f"{platform.machine()} {sorted(self.packages.items())}".encode()
        return cache_directory() / "bin" / f"{self.name}-{content_key(*pins, *sources, recipe)}"


_KUBERNETES = "k8s.io/kubernetes"

MODULES = (
    Module(
        "kube",
        {
            "etcd": "go.etcd.io/etcd/server/v3",
            "kube-apiserver": f"{_KUBERNETES}/cmd/kube-apiserver",
            "kube-controller-manager": f"{_KUBERNETES}/cmd/kube-controller-manager",
            "kube-scheduler": f"{_KUBERNETES}/cmd/kube-scheduler",
        },
    ),
    Module(
        "extra",
        {
            "kwok": "sigs.k8s.io/kwok/cmd/kwok",
            "registry": "github.com/distribution/distribution/v3/cmd/registry",
        },
    ),
    Module("referrers", {"referrers": "slipway.dev/dev/tools/referrers"}),
    # Of the real node alone: who asks for a control plane must not wait until these are compiled.
    Module(
        "kubelet",
        {"kubelet": f"{_KUBERNETES}/cmd/kubelet", "kube-proxy": f"{_KUBERNETES}/cmd/kube-proxy"},
        folder="kube",
    ),
    Module("coredns", {"coredns": "github.com/coredns/coredns"}, folder="node"),
    Module(
        "buildkit",
        {
            "buildctl": "github.com/moby/buildkit/cmd/buildctl",
            "buildkitd": "github.com/moby/buildkit/cmd/buildkitd",
        },
        folder="node",
    ),
)


@cache
def binaries(names: tuple[str, ...] = COMPONENTS) -> Mapping[str, Path]:
    """Absolute paths of these binaries by name; built when they are neither given nor cached.

    Raises:
        BinariesMissing: `SLIPWAY_BIN` is set and its directory lacks some.
        subprocess.CalledProcessError: a build failed; its output was shown.
    """
    return MappingProxyType(_found(names))


@cache
def binary(name: str) -> Path:
    """Absolute path of one binary of any module; what needs no other one asks for it alone.

    Raises:
        BinariesMissing: `SLIPWAY_BIN` is set and its directory lacks it.
        subprocess.CalledProcessError: the build failed; its output was shown.
    """
    return _found([name])[name]


def _found(names: Iterable[str]) -> dict[str, Path]:
    named = os.environ.get("SLIPWAY_BIN")
    if named:
        return _from_directory(Path(named).resolve(), names)
    wanted = set(names)
    found: dict[str, Path] = {}
    for module in MODULES:
        if wanted & set(module.packages):
            directory = _cached_or_built(module)
            found |= {name: directory / name for name in module.packages if name in wanted}
    return found


def _from_directory(directory: Path, names: Iterable[str]) -> dict[str, Path]:
    found = {name: directory / name for name in names}
    lacking = [name for name, path in found.items() if not os.access(path, os.X_OK)]
    if lacking:
        msg = f"SLIPWAY_BIN={directory} has no executable {', '.join(lacking)}; unset it to have them built"
        raise BinariesMissing(msg)
    return found


def _cached_or_built(module: Module) -> Path:
    console = Console(stderr=True)
    return made_once(
        module.cached,
        lambda target: _build(module, target, console),
        waiting=lambda: console.print(f"another process builds the {module.name} binaries: waiting for it"),
    )


def _build(module: Module, target: Path, console: Console) -> None:
    console.print(
        f"building {', '.join(module.packages)}, once for this machine (minutes when nothing is cached)"
    )
    go = find_go(console.print)
    with BuildProgress(console, module.name) as progress:
        progress.expect(_stale_packages(go, module, progress))
        flags = version_flags((module.directory / "go.mod").read_text())
        recipe = ["-trimpath", "-ldflags", flags, "-v", "-o", f"{target}/"]
        _run_go([str(go), "build", *recipe, *module.packages.values()], module, progress)
    _rename_etcd(target)


def version_flags(go_mod: str) -> str:
    """Linker flags that strip symbols and, where the module pins Kubernetes, stamp its version.

    Without them the API server calls itself v0.0.0, which charts with a `kubeVersion` refuse.
    """
    flags = ["-s", "-w"]
    pinned = re.search(rf"^\s*(?:require )?{_KUBERNETES} (v(\d+)\.(\d+)\.\d+)", go_mod, re.MULTILINE)
    if pinned is not None:
        version, major, minor = pinned.groups()
        stamp = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
            flags += [f"-X {package}.{name}={value}" for name, value in stamp.items()]
    return " ".join(flags)


def _stale_packages(go: Path, module: Module, progress: BuildProgress) -> int:
    """How many packages are to be compiled; also fetches the sources that are not on this machine yet."""
    listing = ["list", "-trimpath", "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}"]
    return len(_run_go([str(go), *listing, *module.packages.values()], module, progress).split())


def _run_go(command: list[str], module: Module, progress: BuildProgress) -> str:
    with (
        tempfile.TemporaryFile("w+") as output,
        subprocess.Popen(
            command,
            cwd=module.directory,
            env=go_environment(),
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        told = [progress.line(line) for line in process.stderr or ()]
        if process.wait() != 0:
            progress.fail("".join(told[-30:]))
            raise subprocess.CalledProcessError(process.returncode, command)
        output.seek(0)
        return output.read()


def _rename_etcd(directory: Path) -> None:
    # `go build` names a command after the last element of its path before the major version.
    server = directory / "server"
    if server.exists():
        server.rename(directory / "etcd")
