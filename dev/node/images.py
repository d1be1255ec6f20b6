"""The images of a real node, made once for this machine: for pods to run, to build on, and to build with.

The builder images come from the Dockerfiles in `images/`, which stand on Debian's own image; here a Debian of
mmdebstrap's takes its place, and BuildKit's commands come from `dev/tools/node`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dev.binaries import binary
from dev.cache import PROJECT, cache_directory, content_key, made_once
from dev.registry import Registry

__all__ = ["BASE", "BUILDAH", "BUILDKIT", "BUSYBOX", "CLONE", "image_store", "provide_images"]

BASE = "debian:bookworm-slim"
"""A small Debian."""

BUSYBOX = "busybox:1"
"""Two megabytes with a shell, httpd and wget."""

CLONE = "slipway/git-clone:1"
"""From `images/git-clone`."""

BUILDAH = "slipway/builder-buildah:1"
"""From `images/builder-buildah`."""

BUILDKIT = "slipway/builder-buildkit:1"
"""From `images/builder-buildkit`."""

_IMAGES = PROJECT / "images"
_SUITE = "bookworm"
_BUSYBOX = """\
FROM scratch
ADD busybox.tar /
RUN ["/bin/busybox", "--install", "-s", "/bin"]
CMD ["sh"]
"""
# The kubelet wants nothing of a sandbox but that it stays; tail is the applet that does so.
_PAUSE = """\
FROM scratch
ADD busybox.tar /
ENTRYPOINT ["/bin/busybox", "tail", "-f", "/dev/null"]
"""
_DEBIAN = "FROM scratch\nADD base.tar /\n"
_BUILDKIT_COMMANDS = "FROM scratch\nCOPY buildkitd buildctl /usr/bin/\n"
_BUILDKIT_SOURCE = "docker.io/moby/buildkit:v0.32.2"


def image_store() -> Path:
    """Storage of a registry that holds all these images; made when it is not there.

    Raises:
        subprocess.CalledProcessError: an image could not be built; the output was shown.
    """
    sources = [path.read_bytes() for path in sorted(_IMAGES.rglob("*")) if path.is_file()]
    pins = [(PROJECT / "dev" / "tools" / "node" / name).read_bytes() for name in ("go.mod", "go.sum")]
    key = content_key(*sources, *pins, Path(__file__).read_bytes())
    return made_once(cache_directory() / "node-images" / key, _make)


def provide_images(storage: Path) -> None:
    """Put the images where a registry of a cluster will look for them."""
    shutil.copytree(image_store(), storage, dirs_exist_ok=True)


def _make(directory: Path) -> None:
    print("making the images of the real node, once for this machine (a minute or two)", file=sys.stderr)
    base = made_once(cache_directory() / "node-base" / _SUITE, _make_base)
    with Registry() as registry, tempfile.TemporaryDirectory(prefix="slipway-images-") as scratch:
        builder = _Builder(registry.host, Path(scratch))
        builder.build_files("pause:1", _PAUSE, {"busybox.tar": base / "busybox.tar"})
        builder.build_files(BUSYBOX, _BUSYBOX, {"busybox.tar": base / "busybox.tar"})
        builder.build_files(BASE, _DEBIAN, {"base.tar": base / "base.tar"})
        commands = {name: binary(name) for name in ("buildkitd", "buildctl")}
        builder.build_files("buildkit-commands:1", _BUILDKIT_COMMANDS, commands)
        for image in (CLONE, BUILDAH, BUILDKIT):
            builder.build_ours(image)
        shutil.copytree(registry.storage, directory, dirs_exist_ok=True)


def _make_base(directory: Path) -> None:
    for name, variant, package in (
        ("base", "minbase", "ca-certificates"),
        ("busybox", "extract", "busybox-static"),
    ):
        options = ("--quiet", f"--variant={variant}", f"--include={package}")
        subprocess.run(["mmdebstrap", *options, _SUITE, str(directory / f"{name}.tar")], check=True)


@dataclass(frozen=True, slots=True)
class _Builder:
    """Builds images with buildah on this machine and pushes them to a registry."""

    registry: str
    scratch: Path

    def build_files(self, image: str, dockerfile: str, files: Mapping[str, Path]) -> None:
        """Build an image from files of this machine."""
        with tempfile.TemporaryDirectory(dir=self.scratch) as context:
            Path(context, "Dockerfile").write_text(dockerfile)
            for name, source in files.items():
                shutil.copy(source, Path(context, name))
            self._build(image, context)

    def build_ours(self, image: str) -> None:
        """Build one of the images of `images/`."""
        folder = image.partition(":")[0].rpartition("/")[2]
        commands = f"docker-image://{self.registry}/buildkit-commands:1"
        self._build(
            image,
            *("--from", f"{self.registry}/{BASE}"),
            *("--build-context", f"{_BUILDKIT_SOURCE}={commands}"),
            *("--file", str(_IMAGES / folder / "Dockerfile"), str(_IMAGES)),
        )

    def _build(self, image: str, *arguments: str) -> None:
        reference = f"{self.registry}/{image}"
        options = ("--layers", "--isolation", "chroot", "--tls-verify=false", "--tag", reference)
        self._buildah("build", *options, *arguments)
        self._buildah("push", "--tls-verify=false", reference)

    def _buildah(self, *arguments: str) -> None:
        # Kept, so that another script in an image does not mean another run of apt.
        storage = ("--root", str(cache_directory() / "node-storage"), "--runroot", str(self.scratch / "run"))
        command = ["buildah", *storage, "--storage-driver", "overlay", *arguments]
        finished = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if finished.returncode != 0:
            print(finished.stdout[-8000:], file=sys.stderr)
            raise subprocess.CalledProcessError(finished.returncode, command)
