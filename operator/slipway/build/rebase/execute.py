"""Carrying out a rebase: three images are read and planned, the result is pushed, its tag last.

Every step may be repeated after a crash: blobs and manifests go under their digests, and the tag of a build
is set only where there is none yet. Untagged leftovers are what every registry's garbage collection
removes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slipway.build.rebase.documents import Document
from slipway.build.rebase.floating import point_tags
from slipway.build.rebase.image import Image
from slipway.build.rebase.load import load_image
from slipway.build.rebase.place import Place, Places
from slipway.build.rebase.plan import LayerBlob, Origin, RebasePlan, plan_rebase
from slipway.build.rebase.recipe import Recipe
from slipway.build.rebase.refusal import RebaseRefusedError, Refusal
from slipway.oci.errors import ManifestNotFound, RepositoryNotFound
from slipway.oci.manifest import ManifestV2

__all__ = ["Place", "Places", "RebaseOrder", "TagTakenError", "prepare", "publish"]


class TagTakenError(Exception):
    """The tag of the build points at something else already; it is never overwritten."""

    def __init__(self, tag: str, digest: str) -> None:
        super().__init__(f"tag {tag} already points at {digest}: an existing tag is never overwritten")
        self.tag = tag
        self.digest = digest


@dataclass(frozen=True, slots=True)
class RebaseOrder:
    """What to rebase, all by digest: the same order always gives the same result."""

    source_digest: str
    """The source build."""
    old_base_digest: str
    new_base_digest: str
    base_name: str
    """Reference of the base, for annotations and labels."""
    allow_run: bool = False
    recipe: Recipe | None = None
    """The Dockerfile that the source build was made by, where it is known."""


async def prepare(order: RebaseOrder, places: Places) -> RebasePlan | Refusal:
    """Read the three images and plan the rebase; nothing is written.

    Raises:
        RegistryError: the registry does not give one of them.
    """
    try:
        image = await load_image(places.source, order.source_digest)
        old_base = await _base_for(image, places.base, order.old_base_digest)
        new_base = await _base_for(image, places.base, order.new_base_digest)
    except RebaseRefusedError as refused:
        return refused.refusal
    return plan_rebase(
        old_base, image, new_base, order.base_name, allow_run=order.allow_run, recipe=order.recipe
    )


async def publish(plan: RebasePlan, places: Places, tag: str, floating_tags: Sequence[str] = ()) -> str:
    """Push the result and tag it; done already, it only sees to the floating tags.

    Args:
        plan: what `prepare` gave.
        places: those that `prepare` got.
        tag: of the build, never overwritten.
        floating_tags: moved to the result.

    Returns:
        The digest of the result.

    Raises:
        TagTakenError: the tag points at something else.
        RegistryError: the registry refuses or fails.
    """
    target = places.target
    if not await _is_tagged(plan, target, tag):
        origins = {Origin.SOURCE: places.source, Origin.BASE: places.base}
        for blob in plan.blobs:
            await _push_layer(blob, origins[blob.origin], target)
        await _push_documents(plan, target)
        if not await _is_tagged(plan, target, tag):  # layers take minutes: somebody may have come in between
            await target.client.put_manifest(target.path, tag, _manifest(plan.top))
    await point_tags(target, floating_tags, plan.digest)
    return plan.digest


async def _base_for(image: Image, base: Place, digest: str) -> Image:
    return await load_image(base, digest, [part.platform for part in image.platforms])


async def _is_tagged(plan: RebasePlan, target: Place, tag: str) -> bool:
    """Whether the tag points at the result; another digest there is somebody else's."""
    try:
        found = await target.client.head_manifest(target.path, tag)
    except (ManifestNotFound, RepositoryNotFound):
        return False
    if found.digest != plan.digest:
        raise TagTakenError(tag, found.digest)
    return True


async def _push_layer(blob: LayerBlob, origin: Place, target: Place) -> None:
    """Have the repository hold a layer: there already, else mounted, else streamed piece by piece."""
    if await target.client.blob_exists(target.path, blob.digest):
        return
    if await _mounted(blob, origin, target):
        return
    content = origin.client.stream_blob(origin.path, blob.digest, blob.size)
    await target.client.upload_blob(target.path, blob.digest, blob.size, content)


async def _mounted(blob: LayerBlob, origin: Place, target: Place) -> bool:
    """Mounting hands over what the credential may read, so it must be the credential that reads."""
    if origin.client is not target.client or origin.path == target.path:
        return False
    return await target.client.mount_blob(target.path, blob.digest, origin.path)


async def _push_documents(plan: RebasePlan, target: Place) -> None:
    for config in plan.configs:
        if not await target.client.blob_exists(target.path, config.digest):
            await target.client.upload_blob(target.path, config.digest, config.size, config.content)
    for child in plan.manifests[:-1]:
        await target.client.put_manifest(target.path, child.digest, _manifest(child))


def _manifest(document: Document) -> ManifestV2:
    return ManifestV2.parse(document.content, document.media_type, document.digest)
