"""Reading images of a real registry, and finding the base that one stands on."""

from __future__ import annotations

import hashlib
import json

import pytest

from dev.images import Settings, add, compose, copy
from slipway.build.rebase import (
    RebaseRefusedError,
    RefusalReason,
    find_old_base,
    load_image,
)
from slipway.build.rebase.documents import BASE_DIGEST, BASE_NAME
from slipway.oci.manifest import ImageIndex, ManifestV2
from tests.support.rebase import Scene, app_on, base_of

BOTH = ["linux/amd64", "linux/arm64/v8"]


async def test_an_artifact_and_an_index_of_indexes_are_no_images(scene: Scene) -> None:
    """Refused with what they are, before anything of them is read."""
    image = await scene.push("app", "image", base_of("1", BOTH))
    repository = f"{scene.corner}/app"
    inner = ManifestV2.parse(image.top.content)
    outer = ManifestV2.of(ImageIndex(manifests=(inner.descriptor,)))
    attestation = compose(None, [copy({"/a": "1"})], attested=True).attestations[0]
    artifact = json.loads(attestation.content) | {"artifactType": "application/vnd.example.note"}
    await scene.client.upload_blob(repository, "sha256:" + hashlib.sha256(b"{}").hexdigest(), 2, b"{}")
    for content in (outer, ManifestV2.parse(json.dumps(artifact).encode())):
        digest = await scene.client.put_manifest(repository, content.digest, content)
        with pytest.raises(RebaseRefusedError) as refused:
            await load_image(scene.place("app"), digest)
        assert refused.value.refusal.reason is RefusalReason.UNSUPPORTED_IMAGE


async def test_the_old_base_is_found_by_the_label(scene: Scene) -> None:
    """The label of the source build names a digest, and diff IDs prove it."""
    old = await scene.push("base", "old", base_of("1"))
    image = compose(old, [copy({"/a": "1"})], Settings(labels={BASE_DIGEST: old.digest}))
    await scene.push("app", "1.4.0", image)
    source = await load_image(scene.place("app"), "1.4.0")
    assert (await find_old_base(source, scene.place("base"), [])).digest == old.digest


async def test_the_old_base_is_found_among_the_digests_seen(scene: Scene) -> None:
    """Those that are gone or do not fit drop out; a label inherited from further below does not mislead."""
    debian = compose(None, [add({"/debian": "1"})])
    inherited = {BASE_DIGEST: debian.digest, BASE_NAME: "registry.test/debian:12"}
    python = compose(debian, [copy({"/python": "1"})], Settings(labels=inherited))
    old = await scene.push("base", "old", python)
    other = await scene.push("base", "other", base_of("7"))
    await scene.push("base", "debian", debian)
    await scene.push("app", "1.4.0", app_on(old))
    source = await load_image(scene.place("app"), "1.4.0")
    gone = "sha256:" + "0" * 64
    seen = [gone, other.digest, debian.digest, old.digest]
    assert (await find_old_base(source, scene.place("base"), seen)).digest == old.digest
    with pytest.raises(RebaseRefusedError) as refused:
        await find_old_base(source, scene.place("base"), [gone, other.digest])
    assert refused.value.refusal.reason is RefusalReason.BASE_UNKNOWN
