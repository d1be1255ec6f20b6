"""The programs of docs/registry-client.md, run as they stand there against real registries."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dev.registry import Registry
from slipway.oci import Descriptor, ImageManifest, ManifestV2, RegistryClient
from slipway.oci.digest import digest_of
from tests.cluster.oci.support import USERS, SmallImage, push, small_image, small_index

PAGE = Path(__file__).parents[3] / "docs" / "registry-client.md"
PROGRAMS = dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
SBOM = b'{"spdxVersion": "SPDX-2.3"}'

Run = Callable[..., list[str]]
"""Runs a program with arguments; gives the lines that it printed."""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A program of the page, in this process."""

    def run(program: str, *arguments: str) -> list[str]:
        monkeypatch.setattr(sys, "argv", [program, *arguments])
        exec(compile(PROGRAMS[program], program, "exec"), {"__name__": "__main__"})
        return capsys.readouterr().out.splitlines()

    return run


@pytest.fixture(scope="module")
def own_registry() -> Iterator[Registry]:
    """A registry with an authority of its own that wants a password."""
    with Registry(tls=True, users=USERS) as registry:
        yield registry


@pytest.fixture(scope="module")
def shop() -> Iterator[Registry]:
    """A registry that lets everybody in, with what the programs ask for."""
    with Registry() as registry:
        asyncio.run(_fill(registry.url))
        yield registry


async def _fill(url: str) -> None:
    async with RegistryClient(url) as client:
        for tag in ("3.21", "3.22", "edge"):
            await push(client, "library/alpine", tag, small_image(tag))
        image = small_image("api")
        await push(client, "shop/api", "1.0", image)
        await _attach(client, image)


async def _attach(client: RegistryClient, image: SmallImage) -> None:
    """Pushes an SBOM of the image."""
    for content in (b"{}", SBOM):
        await client.upload_blob("shop/api", digest_of(content), len(content), content)
    manifest = ManifestV2.of(
        ImageManifest(
            artifact_type="application/spdx+json",
            config=_described("application/vnd.oci.empty.v1+json", b"{}"),
            layers=(_described("text/spdx+json", SBOM),),
            subject=image.manifest.descriptor,
        )
    )
    await client.put_manifest("shop/api", manifest.digest, manifest)


def _described(media_type: str, content: bytes) -> Descriptor:
    return Descriptor(media_type=media_type, digest=digest_of(content), size=len(content))


def test_tags_are_searched_sorted_and_cut(run: Run, shop: Registry) -> None:
    """tags.py lists those that it was told to look for."""
    assert run("tags.py", shop.url) == ["2 of 3 tags", "3.21", "3.22"]


def test_an_image_is_told_by_a_registry_of_ones_own(
    run: Run, own_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """image.py brings a password and an authority, and tells of one platform of several."""
    assert own_registry.authority is not None
    certificate = own_registry.authority.files.certificate
    monkeypatch.setenv("REGISTRY_USER", "robot")
    monkeypatch.setenv("REGISTRY_PASSWORD", USERS["robot"])
    amd64, arm64 = small_image("amd64"), small_image("arm64", megabytes=1)
    index = small_index(("linux/amd64", amd64), ("linux/arm64/v8", arm64))

    async def fill() -> None:
        async with RegistryClient(
            own_registry.url, username="robot", password=USERS["robot"], verify_ssl=certificate
        ) as client:
            for image in (amd64, arm64):
                await push(client, "shop/api", image.manifest.digest, image)
            await client.put_manifest("shop/api", "1.0", index)

    asyncio.run(fill())
    size = sum(len(blob) for blob in arm64.blobs)

    assert run("image.py", own_registry.url, str(certificate)) == [
        f"{index.digest} None {size}",
        f"linux/amd64 {amd64.manifest.digest}",
        f"linux/arm64 {arm64.manifest.digest}",
    ]


def test_repositories_are_searched(run: Run, shop: Registry) -> None:
    """search.py lists those below a project."""
    assert "shop/api" in run("search.py", shop.url, "shop/")
    assert run("search.py", shop.url, "LIBRARY") == ["library/alpine"]


def test_documents_of_an_image_are_found(run: Run, shop: Registry) -> None:
    """referrers.py reads the SBOM, though this registry has no referrers API."""
    assert run("referrers.py", shop.url) == [f"text/spdx+json {len(SBOM)}"]


def test_a_push_can_be_pulled(run: Run, shop: Registry) -> None:
    """push.py stores two blobs and the manifest that names them."""
    (digest,) = run("push.py", shop.url)

    async def pulled() -> str:
        async with RegistryClient(shop.url) as client:
            return (await client.get_image("shop/notes", "1.0")).digest

    assert asyncio.run(pulled()) == digest


def test_errors_say_what_to_do(run: Run, shop: Registry) -> None:
    """errors.py prints what the page shows, and one word for a program where it is something else."""
    (said,) = run("errors.py", shop.url, "2.0")
    shown = re.search(r"\$ python errors\.py localhost:5000 2\.0\n(.*)\n", PAGE.read_text(encoding="utf-8"))

    assert shown is not None
    assert said == shown[1].replace("http://localhost:5000", shop.url)
    assert run("errors.py", shop.url.replace("http", "https"), "2.0")[0].startswith("RegistryUnreachable: ")


def test_every_program_of_the_page_is_run_here() -> None:
    """One that nobody runs is wrong some day."""
    named = set(re.findall(r"\$ .*?python (\w+\.py)", PAGE.read_text(encoding="utf-8")))
    run_here = set(re.findall(r'run\("(\w+\.py)"', Path(__file__).read_text(encoding="utf-8")))

    assert set(PROGRAMS) == named == run_here
