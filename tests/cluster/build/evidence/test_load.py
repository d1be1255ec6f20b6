"""What a real registry tells of images as BuildKit, GitHub and others push them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from dev.images import MadeImage, Settings, compose, copy
from dev.referrers import ReferrersRegistry
from dev.registry import Registry
from slipway.build.evidence import Claim, Evidence, Kind, Source, SourceCommit, agree, read_evidence
from slipway.build.rebase.documents import BASE_DIGEST, BASE_NAME
from slipway.oci.client import RegistryClient
from slipway.oci.digest import digest_of
from slipway.oci.errors import ManifestNotFound
from slipway.oci.manifest import Descriptor, ImageManifest, ManifestV2
from slipway.oci.reference import ImageReference
from tests.support.provenance import (
    bundle,
    commit_material,
    envelope,
    image_material,
    slsa_v02,
    slsa_v1,
)
from tests.support.rebase import Scene

BOTH = ["linux/amd64", "linux/arm64/v8"]
A, B, COMMIT = "sha256:" + "a" * 64, "sha256:" + "b" * 64, "3f9c1e2" + "0" * 33
MATERIALS = [
    image_material("pkg:docker/python@3.12-slim?platform=linux%2Famd64", A),
    commit_material("https://github.com/shop/api.git#refs/heads/main", COMMIT),
]
LOADED = Claim(Source.PROVENANCE, "python:3.12-slim", A, Kind.UNKNOWN, "the provenance of the image")
BUILT_FROM = SourceCommit("https://github.com/shop/api.git", "refs/heads/main", COMMIT)
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
IN_TOTO = "application/vnd.in-toto+json"


class Asked:
    """The real client, and what it was asked for."""

    def __init__(self, client: RegistryClient) -> None:
        self._client = client
        self.blobs: list[str] = []
        self.subjects: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def get_blob(self, repository: str, digest: str, max_bytes: int) -> bytes:
        self.blobs.append(digest)
        return await self._client.get_blob(repository, digest, max_bytes)

    async def referrers(
        self, repository: str, digest: str, artifact_type: str | None = None
    ) -> tuple[Descriptor, ...]:
        self.subjects.append(digest)
        return await self._client.referrers(repository, digest, artifact_type)


@pytest.fixture(params=["with a list of referrers", "without one"])
async def other_scene(request: pytest.FixtureRequest, server: Registry, corner: str) -> AsyncIterator[Scene]:
    """A registry that lists what refers to an image, and one where an index under a tag has to do."""
    if request.param == "without one":
        async with RegistryClient(server.url) as client:
            yield Scene(client, server.host, corner)
        return
    with ReferrersRegistry() as registry:
        async with RegistryClient(registry.url) as client:
            yield Scene(client, registry.url.removeprefix("http://"), corner)


def app(**options: Any) -> MadeImage:
    """An image of one layer."""
    return compose(None, [copy({"/app": "{platform}"})], **options)


async def told(scene: Scene, image: MadeImage, client: Any = None) -> Evidence:
    """What the registry tells of an image, after it was pushed."""
    await scene.push("app", "1", image)
    return await read_evidence(client or scene.client, reference(scene))


def reference(scene: Scene, tag: str = "1") -> ImageReference:
    """The image of the scene."""
    return ImageReference.parse(f"{scene.host}/{scene.corner}/app:{tag}")


async def attach(scene: Scene, subject: MadeImage, media_type: str, content: bytes) -> None:
    """Push an artifact that refers to an image."""
    repository = f"{scene.corner}/app"
    for blob in (b"{}", content):
        await scene.client.upload_blob(repository, digest_of(blob), len(blob), blob)
    layer = Descriptor(media_type=media_type, digest=digest_of(content), size=len(content))
    empty = Descriptor(media_type="application/vnd.oci.empty.v1+json", digest=digest_of(b"{}"), size=2)
    top = ManifestV2.parse(subject.top.content).descriptor
    artifact = ManifestV2.of(
        ImageManifest(artifact_type=media_type, config=empty, layers=(layer,), subject=top)
    )
    await scene.client.put_manifest(repository, artifact.digest, artifact)


async def test_nothing_is_told_of_an_image_that_says_nothing(scene: Scene) -> None:
    """Which is no fault of its."""
    image = app()

    assert await told(scene, image) == Evidence(image.digest, (), (), ())


@pytest.mark.parametrize("make", [slsa_v02, slsa_v1])
async def test_provenance_of_the_index_is_read(scene: Scene, make: Callable[..., Any]) -> None:
    """Once, where several platforms say the same; referrers need not be asked for."""
    image = app(platforms=BOTH, attested=True, statement=lambda part: make(part, MATERIALS))
    asked = Asked(scene.client)

    evidence = await told(scene, image, asked)

    assert evidence == Evidence(image.digest, (LOADED,), (BUILT_FROM,), ())
    assert asked.subjects == []


async def test_labels_and_provenance_are_told_together(scene: Scene) -> None:
    """So that one may be held against the other."""
    image = app(
        settings=Settings(labels={BASE_NAME: "python:3.11-slim", BASE_DIGEST: B}),
        attested=True,
        statement=lambda part: slsa_v02(part, MATERIALS),
    )
    label = f"the label {BASE_NAME} of the image"

    evidence = await told(scene, image)

    assert evidence.claims == (Claim(Source.LABEL, "python:3.11-slim", B, Kind.FINAL, label), LOADED)
    assert agree(evidence.claims).disagreements == (
        f"{label} says python:3.11-slim, the provenance of the image names python:3.12-slim",
    )


@pytest.mark.parametrize(
    ("media_type", "wrap"),
    [(IN_TOTO, dict), ("application/vnd.dsse.envelope.v1+json", envelope), (BUNDLE, bundle)],
    ids=["bare", "in an envelope", "in a bundle"],
)
async def test_provenance_that_was_attached_is_read(
    other_scene: Scene, media_type: str, wrap: Callable[[Any], Any]
) -> None:
    """By whatever means the registry lists it."""
    image = compose(None, [copy({"/of": media_type})])
    await other_scene.push("app", "1", image)
    statement = wrap(slsa_v1(image.platforms[0], MATERIALS))
    await attach(other_scene, image, media_type, json.dumps(statement).encode())
    await attach(other_scene, image, "application/vnd.example.signature", b"signed")
    asked = Asked(other_scene.client)

    evidence = await read_evidence(asked, reference(other_scene))

    assert evidence == Evidence(image.digest, (LOADED,), (BUILT_FROM,), ())
    assert digest_of(b"signed") not in asked.blobs


async def test_the_index_and_its_first_images_are_asked_for(scene: Scene) -> None:
    """Whoever attaches provenance does so to the one or the others."""
    image = app(platforms=[f"linux/arm/v{number}" for number in (5, 6, 7)] + BOTH)
    asked = Asked(scene.client)

    await told(scene, image, asked)

    children = [part.manifest.digest for part in image.platforms]
    assert asked.subjects == [image.digest, *children[:3]]


async def test_statements_without_end_are_cut_off(scene: Scene) -> None:
    """With a note."""
    platforms = [f"linux/arm/v{number}" for number in range(1, 11)]
    image = app(
        platforms=platforms,
        attested=True,
        statement=lambda part: slsa_v02(part, [image_material(f"pkg:docker/a@{part.platform[-1]}")]),
    )

    evidence = await told(scene, image)

    assert len(evidence.claims) == 8
    assert evidence.notes == ("only the first statements about the image were read",)


HOSTILE: dict[str, tuple[bytes, str]] = {
    "words": (b"no statement", "it is not JSON"),
    "nested without end": (b'{"a":' * 100_000, "nested too deeply"),
    "three megabytes": (b" " * (3 << 20), "the provenance of the image cannot be read: "),
    "about another image": (json.dumps(slsa_v02(app().platforms[0], MATERIALS)).encode(), "another image"),
}


@pytest.mark.parametrize("case", HOSTILE)
async def test_what_cannot_be_read_becomes_a_note(scene: Scene, case: str) -> None:
    """Labels count all the same."""
    content, words = HOSTILE[case]
    image = compose(None, [copy({"/hostile": case})], Settings(labels={BASE_NAME: "python:3.11"}))
    await scene.push("app", "1", image)
    await attach(scene, image, IN_TOTO, content)

    evidence = await read_evidence(scene.client, reference(scene))

    assert [claim.reference for claim in evidence.claims] == ["python:3.11"]
    assert len(evidence.notes) == 1
    assert words in evidence.notes[0]


async def test_an_attestation_that_is_gone_becomes_a_note(scene: Scene) -> None:
    """A copy of an image may leave it behind; distribution takes such an index where it checks nothing."""
    image = app(attested=True, statement=lambda part: slsa_v02(part, MATERIALS))
    await scene.push("app", "1", image)

    class Lossy(Asked):
        async def get_manifest(self, repository: str, version: str) -> ManifestV2:
            if version == image.attestations[0].digest:
                msg = "the attestation is gone"
                raise ManifestNotFound(msg)
            return await scene.client.get_manifest(repository, version)

    evidence = await read_evidence(Lossy(scene.client), reference(scene))

    assert evidence.notes == ("the provenance of the image cannot be read: the attestation is gone",)


async def test_an_artifact_has_no_labels(scene: Scene) -> None:
    """It is said to be none; what is attached to it would still be read."""
    await attach(scene, await scene.push("app", "1", app()), IN_TOTO, b"{}")
    artifacts = await scene.client.referrers(f"{scene.corner}/app", app().digest)
    image = reference(scene).with_digest(artifacts[0].digest)

    evidence = await read_evidence(scene.client, image)

    assert evidence.claims == ()
    assert "is no container image but an artifact" in evidence.notes[0]


async def test_an_image_that_is_not_there_is_an_error(scene: Scene) -> None:
    """Nothing is known then, which is not the same as that nothing is told."""
    await scene.push("app", "1", app())

    with pytest.raises(ManifestNotFound):
        await read_evidence(scene.client, reference(scene, "2"))
