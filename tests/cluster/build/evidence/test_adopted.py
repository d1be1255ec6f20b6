"""Whether an image of a real registry stands on a base, and whether a build changed it."""

from __future__ import annotations

import pytest

from dev.images import MadeImage, Settings, add, compose, copy
from slipway.api.conditions import Reason
from slipway.build.evidence import is_unchanged, verify_adopted
from slipway.build.rebase import load_image
from slipway.oci.errors import ManifestNotFound
from tests.support.rebase import Scene, app_on, base_of

BOTH = ["linux/amd64", "linux/arm64/v8"]


async def reason(scene: Scene, image: MadeImage, base: MadeImage) -> str | None:
    """Why the image is not proven to stand on the base; None when it is."""
    await scene.push("app", "1", image)
    await scene.push("base", "stable", base)
    doubt = await verify_adopted(scene.place("app"), image.digest, scene.place("base"), base.digest)
    return None if doubt is None else doubt.reason


async def test_layers_prove_what_an_image_stands_on(scene: Scene) -> None:
    """On all of its platforms; what lies higher or beside it does not matter."""
    base = base_of("2", BOTH)
    one_platform = compose(base, [copy({"/app": "1"})], platforms=BOTH[:1])

    assert await reason(scene, app_on(base, attested=True), base) is None
    assert await reason(scene, one_platform, base) is None
    assert await reason(scene, base, base) is None


async def test_what_layers_do_not_prove_is_doubted(scene: Scene) -> None:
    """With the reason for a condition."""
    base = base_of("2", BOTH)

    assert await reason(scene, app_on(base_of("1", BOTH)), base) == Reason.NOT_ON_BASE
    assert await reason(scene, app_on(base), base_of("2")) == Reason.PLATFORM_MISSING
    assert await reason(scene, app_on(base_of("1")), compose(None, [])) == Reason.BASE_EMPTY


async def test_a_doubt_says_what_was_found(scene: Scene) -> None:
    """How many layers they share."""
    image, base = app_on(base_of("1")), base_of("2")
    await scene.push("app", "1", image)
    await scene.push("base", "stable", base)

    doubt = await verify_adopted(scene.place("app"), image.digest, scene.place("base"), base.digest)

    assert doubt is not None
    assert "does not stand on" in doubt.message
    assert "0 of the 2 layers" in doubt.message


async def test_what_is_not_there_is_an_error(scene: Scene) -> None:
    """It proves nothing either way."""
    image = await scene.push("app", "1", app_on(base_of("1")))

    with pytest.raises(ManifestNotFound):
        await verify_adopted(scene.place("app"), image.digest, scene.place("app"), "sha256:" + "0" * 64)


async def test_a_build_that_gives_the_same_is_unchanged(scene: Scene) -> None:
    """Its digest is another one, for its times are."""
    steps = [add({"/os": "1"}), copy({"/app": "1"})]
    old = await scene.push("app", "1", compose(None, steps, Settings(created="2026-11-01T00:00:00Z")))
    new = await scene.push("app", "2", compose(None, steps, Settings(created="2026-12-01T00:00:00Z")))
    other = await scene.push("app", "3", compose(None, [*steps, copy({"/more": "1"})]))
    first, second, third = [await load_image(scene.place("app"), one.digest) for one in (old, new, other)]

    assert old.digest != new.digest
    assert is_unchanged(first, second)
    assert not is_unchanged(first, third)
