from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile

from dev.image_composer import Settings, add, compose, copy, note, parse


def test_the_same_call_makes_the_same_image() -> None:
    """Demo and tests can name digests before anything is pushed."""
    one, other = (compose(None, [add({"/b": "1", "/a": b"\x00"})], attested=True) for _ in range(2))
    assert one == other


def test_layers_are_real_archives() -> None:
    """They unpack to the files that were asked for, and hash to their diff IDs."""
    [layer] = (
        compose(None, [add({"/etc/os": "for {platform}"})], platforms=["linux/arm64"]).platforms[0].layers
    )
    plain = gzip.decompress(layer.blob.content)
    assert layer.diff_id == "sha256:" + hashlib.sha256(plain).hexdigest()
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        content = archive.extractfile("etc/os")
        assert content is not None
        assert content.read() == b"for linux/arm64"


def test_an_image_inherits_as_a_dockerfile_does() -> None:
    """Environment adds up, an own ENTRYPOINT drops the CMD of the base, triggers are not inherited."""
    config = {"Cmd": ["sh"], "User": "root", "OnBuild": ["RUN x"]}
    below = Settings(env={"A": "1", "B": "1"}, config=config)
    own = Settings(env={"B": "2"}, labels={"l": "x"}, config={"Entrypoint": ["/app"]})
    image = compose(compose(None, [add({"/a": "1"})], below), [copy({"/app": "1"}), note("ENTRYPOINT")], own)
    assert image.platforms[0].config["config"] == {
        "Env": ["A=1", "B=2"],
        "Labels": {"l": "x"},
        "Entrypoint": ["/app"],
        "User": "root",
    }
    history = image.platforms[0].config["history"]
    assert ["empty_layer" in line for line in history] == [False, False, True]


def test_several_platforms_make_an_index() -> None:
    """Its children are pushed before it."""
    platforms = ["linux/amd64", "linux/arm/v7"]
    image = compose(None, [add({"/a": "{platform}"})], platforms=platforms, attested=True)
    entries = json.loads(image.top.content)["manifests"]
    assert [entry["digest"] for entry in entries] == [child.digest for child in image.children]
    assert entries[1]["platform"] == {"os": "linux", "architecture": "arm", "variant": "v7"}
    assert len({blob.digest for blob in image.blobs}) == len(image.blobs)


def test_an_image_is_read_back_as_it_was_made() -> None:
    """So that one can be built on what lies in a registry."""
    made = compose(compose(None, [add({"/a": "1"})], platforms=["linux/arm64/v8"]), [copy({"/app": "1"})])
    [part] = made.platforms
    layers = [layer.blob.content for layer in part.layers]

    assert parse(part.manifest.content, part.config_blob.content, layers) == made
