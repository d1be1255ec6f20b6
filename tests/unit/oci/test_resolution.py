from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.oci.digest import digest_of
from slipway.oci.errors import PlatformNotFound, UnsupportedManifest
from slipway.oci.manifest import OCI_INDEX, OCI_MANIFEST, Descriptor, ImageIndex, ImageManifest, ManifestV2
from slipway.oci.platform import Platform
from slipway.oci.resolution import Resolution, resolve


class Store:
    """Manifests by digest; remembers what was read."""

    def __init__(self) -> None:
        self.manifests: dict[str, ManifestV2] = {}
        self.read: list[str] = []

    def image(self, name: str, platform: str | None = None, **entry: object) -> Descriptor:
        config = Descriptor(media_type="application/json", digest=digest_of(name.encode()), size=1)
        return self.entry(ManifestV2.of(ImageManifest(config=config)), platform, **entry)

    def index(self, *entries: Descriptor, platform: str | None = None, **entry: object) -> Descriptor:
        return self.entry(ManifestV2.of(ImageIndex(manifests=entries)), platform, **entry)

    def entry(self, manifest: ManifestV2, platform: str | None, **entry: object) -> Descriptor:
        self.manifests[manifest.digest] = manifest
        on = None if platform is None else Platform.parse(platform)
        return manifest.descriptor.model_copy(update={"platform": on, **entry})

    def resolve(self, top: Descriptor, platform: str | None) -> Resolution:
        flow = resolve(self.manifests[top.digest], None if platform is None else Platform.parse(platform))
        try:
            wanted = next(flow)
            while True:
                self.read.append(wanted.digest)
                wanted = flow.send(self.manifests[wanted.digest])
        except StopIteration as done:
            found: Resolution = done.value
            return found


@pytest.fixture
def store() -> Store:
    return Store()


def test_an_image_that_is_named_itself_is_given_as_it_is(store: Store) -> None:
    """Nothing is read for it."""
    image = store.image("one")

    assert store.resolve(image, "linux/arm64") == Resolution(store.manifests[image.digest])
    assert store.read == []


def test_the_first_match_is_read_and_nothing_else(store: Store) -> None:
    """One request for an index, whatever else is in it."""
    attestation = store.image(
        "provenance", "unknown/unknown", annotations={"vnd.docker.reference.type": "attestation-manifest"}
    )
    entries = (
        attestation,
        store.image("amd64", "linux/amd64"),
        store.image("first", "linux/arm64/v8"),
        store.image("second", "linux/arm64"),
    )
    top = store.index(*entries)

    for platform, want in (("linux/aarch64", entries[2]), (None, entries[1])):
        store.read.clear()
        found = store.resolve(top, platform)
        assert found.image.digest == want.digest
        assert store.read == [want.digest]
        assert [len(index.manifests) for index in found.indexes] == [4]


def test_indexes_within_indexes_are_searched_last(store: Store) -> None:
    """In their order, and only where the outer one has no match of its own."""
    inner = store.index(store.image("arm64", "linux/arm64"), store.image("s390x", "linux/s390x"))
    other = store.index(store.image("ppc64le", "linux/ppc64le"))
    amd64 = store.image("amd64", "linux/amd64")
    top = store.index(other, inner, amd64)

    assert store.resolve(top, "linux/amd64").image.digest == amd64.digest
    assert store.read == [amd64.digest]
    found = store.resolve(top, "linux/s390x")
    assert store.read[1:3] == [other.digest, inner.digest]
    assert len(found.indexes) == 2


def test_an_index_for_the_platform_is_entered(store: Store) -> None:
    """An entry may name its platform and be an index all the same."""
    image = store.image("arm64", "linux/arm64")
    top = store.index(store.index(image, platform="linux/arm64"))

    assert store.resolve(top, "linux/arm64").image.digest == image.digest


def test_content_decides_what_an_entry_is(store: Store) -> None:
    """An index that an entry calls an image is searched, an image that it calls an index is taken."""
    image = store.image("arm64", "linux/arm64")
    false_image = store.index(image, platform="linux/arm64", media_type=OCI_MANIFEST)
    false_index = image.model_copy(update={"media_type": OCI_INDEX, "platform": None})

    for entry in (false_image, false_index):
        assert store.resolve(store.index(entry), "linux/arm64").image.digest == image.digest


def test_artifacts_beside_images_are_not_taken_for_the_first(store: Store) -> None:
    """Neither with a type of their own nor of a kind that is not handled."""
    signature = store.image("signature", artifact_type="application/vnd.example.signature")
    chart = Descriptor(media_type="application/vnd.example", digest=digest_of(b"chart"), size=1)
    image = store.image("image")

    assert store.resolve(store.index(signature, chart, image), None).image.digest == image.digest


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("linux/s390x", "no image for linux/s390x; the index has: linux/amd64, linux/arm64"),
        ("windows/amd64", "no image for windows/amd64; the index has: linux/amd64, linux/arm64"),
    ],
)
def test_a_missing_platform_names_those_of_all_indexes(store: Store, wanted: str, words: str) -> None:
    """Inner ones as well, for they were searched."""
    inner = store.index(store.image("arm64", "linux/arm64"))

    with pytest.raises(PlatformNotFound, match=words):
        store.resolve(store.index(store.image("amd64", "linux/amd64"), inner), wanted)


def test_an_empty_index_has_no_image(store: Store) -> None:
    """Also when any would do."""
    with pytest.raises(PlatformNotFound, match="there is no image; the index has: none"):
        store.resolve(store.index(), None)


def test_there_is_an_end_to_indexes_within_indexes(store: Store) -> None:
    """In depth and in number: nobody has us read a million of them."""
    deep = store.index(store.image("deep", "linux/amd64"))
    for _ in range(3):
        deep = store.index(deep)
    assert len(store.resolve(deep, "linux/amd64").indexes) == 4
    with pytest.raises(UnsupportedManifest, match="more indexes than are searched"):
        store.resolve(store.index(deep), "linux/amd64")

    wide = (store.index(store.image(str(number), "linux/arm64")) for number in range(17))
    with pytest.raises(UnsupportedManifest):
        store.resolve(store.index(*wide), "linux/amd64")


PLATFORMS = ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/arm/v6", "windows/amd64"]


@settings(max_examples=50)
@given(
    st.recursive(
        st.sampled_from(PLATFORMS), lambda inner: st.lists(inner, max_size=4).map(tuple), max_leaves=8
    ),
    st.sampled_from(PLATFORMS),
)
def test_what_is_found_is_for_the_platform(tree: object, wanted: str) -> None:
    """However indexes are nested: the right image, or an error that says why there is none."""
    store = Store()

    def grow(node: object) -> Descriptor:
        return store.index(*map(grow, node)) if isinstance(node, tuple) else store.image(str(node), str(node))

    try:
        found = store.resolve(store.index(grow(tree)), wanted)
    except (PlatformNotFound, UnsupportedManifest):
        return

    entries = [entry for index in found.indexes for entry in index.images]
    platforms = {str(entry.platform) for entry in entries if entry.digest == found.image.digest}
    assert wanted in platforms or (wanted == "linux/arm/v7" and "linux/arm/v6" in platforms)
    assert found.image.media_type == OCI_MANIFEST
