"""Floating tags on a real registry: what is sent to move them, and what a crash leaves."""

from __future__ import annotations

import pytest

from slipway.build.rebase import Place, point_tags
from slipway.oci.errors import ManifestNotFound
from tests.support.rebase import Recorder, Scene, app_on, base_of

TAGS = ["latest", "1.4", "1"]


def watched(scene: Scene, breaks_after: int | None = None) -> tuple[Recorder, Place]:
    """The repository of the image through a client that records what is sent."""
    recorder = Recorder(scene.client, breaks_after)
    return recorder, scene.place("app", recorder)


async def digests(scene: Scene) -> list[str]:
    """What the tags point at."""
    return [(await scene.manifest(tag)).digest for tag in TAGS]


async def test_tags_are_made_and_moved(scene: Scene) -> None:
    """Byte by byte: images and indexes, of OCI as of Docker, keep the digest that they have."""
    plain = await scene.push("app", "1", app_on(base_of("1")))
    index = await scene.push("app", "2", app_on(base_of("2", ["linux/amd64", "linux/arm64/v8"])))
    docker = await scene.push("app", "3", app_on(base_of("3", docker=True), docker=True))
    for image in (plain, index, docker, plain):
        await point_tags(scene.place("app"), TAGS, image.digest)
        assert await digests(scene) == [image.digest] * len(TAGS)


async def test_a_tag_that_is_right_is_left_alone(scene: Scene) -> None:
    """One HEAD for each tag, and a PUT only for those that point elsewhere."""
    image = await scene.push("app", "1.4.0-1", app_on(base_of("1")))
    await scene.push("app", "latest", image)
    await scene.push("app", "1.4", base_of("9"))
    recorder, place = watched(scene)

    await point_tags(place, TAGS, image.digest)
    assert recorder.put == ["1.4", "1"]
    await point_tags(place, TAGS, image.digest)
    assert recorder.put == ["1.4", "1"]
    assert (recorder.uploaded, recorder.mounted) == ([], [])


async def test_a_crash_between_two_tags_is_made_good(scene: Scene) -> None:
    """Whichever was the last one, the next try moves the rest and nothing else."""
    old = await scene.push("app", "1.4.0-1", app_on(base_of("1")))
    new = await scene.push("app", "1.4.0-2", app_on(base_of("2")))
    for writes in range(len(TAGS)):
        await point_tags(scene.place("app"), TAGS, old.digest)
        _, place = watched(scene, breaks_after=writes)
        with pytest.raises(ConnectionResetError):
            await point_tags(place, TAGS, new.digest)
        assert await digests(scene) == [new.digest] * writes + [old.digest] * (len(TAGS) - writes)

        recorder, place = watched(scene)
        await point_tags(place, TAGS, new.digest)
        assert recorder.put == TAGS[writes:]
        assert await digests(scene) == [new.digest] * len(TAGS)


async def test_what_the_repository_does_not_hold_moves_nothing(scene: Scene) -> None:
    """A tag is never left without an image behind it."""
    image = await scene.push("app", "latest", app_on(base_of("1")))
    with pytest.raises(ManifestNotFound):
        await point_tags(scene.place("app"), ["latest"], "sha256:" + "0" * 64)
    assert (await scene.manifest("latest")).digest == image.digest


async def test_without_tags_nothing_is_asked(scene: Scene) -> None:
    """Not even whether the manifest is there."""
    await point_tags(scene.place("app"), [], "sha256:" + "0" * 64)
