"""Planning a rebase: from three images to the documents and blobs of the result, or to a refusal.

Pure: the same old base, image, new base and name of the base always give the same plan, and so the same
digest.

    new base   b1' b2' b3'          result   b1' b2' b3' a1 a2
    old base   b1  b2        →               └─ new base ─┘ └ image's own
    image      b1  b2  a1 a2
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from slipway.build.rebase.config import latest_created, rebased_config
from slipway.build.rebase.documents import (
    REBASE_SOURCE,
    Document,
    Provenance,
    config_document,
    index_document,
    manifest_document,
)
from slipway.build.rebase.history import judge, rebased_history, refuse_derived_files, upper_history
from slipway.build.rebase.image import Image, Layer, PlatformImage
from slipway.build.rebase.layers import oci_layer, upper_layers
from slipway.build.rebase.recipe import Recipe, Witness
from slipway.build.rebase.refusal import RebaseRefusedError, Refusal, RefusalReason

__all__ = ["LayerBlob", "Origin", "RebasePlan", "plan_rebase", "rebase_source"]


class Origin(Enum):
    """Which repository surely holds a layer."""

    SOURCE = auto()
    """That of the source build."""
    BASE = auto()
    """That of the new base."""


@dataclass(frozen=True, slots=True)
class LayerBlob:
    """A layer that the repository of the result must hold."""

    digest: str
    size: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class RebasePlan:
    """Everything that has to be in the registry for the result to exist."""

    blobs: tuple[LayerBlob, ...]
    """Layers, each digest once."""
    configs: tuple[Document, ...]
    manifests: tuple[Document, ...]
    """In the order they must be pushed: children first, what the tag points at last."""
    platforms: tuple[str, ...]
    """`linux/amd64` and so on, in the order of the source build."""

    @property
    def top(self) -> Document:
        """What the tag points at."""
        return self.manifests[-1]

    @property
    def digest(self) -> str:
        """Of the result, known before anything is pushed."""
        return self.top.digest


@dataclass(frozen=True, slots=True)
class _Rebased:
    """The result for one platform."""

    image: PlatformImage
    upper: tuple[Layer, ...]
    base: tuple[Layer, ...]
    config: Document
    manifest: Document
    created: str


def plan_rebase(
    old_base: Image,
    image: Image,
    new_base: Image,
    base_name: str,
    *,
    allow_run: bool,
    recipe: Recipe | None = None,
) -> RebasePlan | Refusal:
    """Plan the move of an image from its old base to a new one.

    Args:
        old_base: what the image stands on.
        image: the source build, as its pipeline pushed it.
        new_base: what the result is to stand on.
        base_name: the reference of the base, for annotations and labels.
        allow_run: whether upper layers that COPY and ADD did not make may stay.
        recipe: the Dockerfile that the image was built by, where it is known.
    """
    try:
        _refuse_rebased(image)
        provenance = Provenance(base_name, new_base.digest, image.digest)
        rebased = [
            _rebase(*_on_platform(part, old_base, new_base), provenance, recipe, allow_run=allow_run)
            for part in image.platforms
        ]
        return _plan(image, rebased, provenance)
    except RebaseRefusedError as refused:
        return refused.refusal


def rebase_source(image: Image) -> str | None:
    """The digest of the source build that an image was rebased from; None for an image that a build made."""
    places = (image.annotations, *(part.annotations for part in image.platforms))
    return next((place[REBASE_SOURCE] for place in places if REBASE_SOURCE in place), None)


def _refuse_rebased(image: Image) -> None:
    source = rebase_source(image)
    if source is not None:
        message = (
            "start from the source build, by the tag that its pipeline pushed: "
            f"{image} is itself the result of a rebase, of {source}"
        )
        raise RebaseRefusedError(RefusalReason.ALREADY_REBASED, message)


def _on_platform(
    image: PlatformImage, old_base: Image, new_base: Image
) -> tuple[PlatformImage, PlatformImage, PlatformImage]:
    """Old base, image and new base of one platform."""
    old, new = old_base.on(image.platform), new_base.on(image.platform)
    if old is None:
        message = f"{image} can't stand on {old_base}, which has no image for {image.platform}"
        raise RebaseRefusedError(RefusalReason.NOT_ON_BASE, message)
    if new is None:
        message = (
            f"the new base {new_base} has no image for {image.platform}, a platform of {image.name}; "
            "wait for it, or take the platform out of the image"
        )
        raise RebaseRefusedError(RefusalReason.PLATFORM_MISSING, message)
    if not new.layers:
        raise RebaseRefusedError(
            RefusalReason.BASE_EMPTY, f"the new base {new} has no layers; rebuild the image"
        )
    return old, image, new


def _rebase(
    old_base: PlatformImage,
    image: PlatformImage,
    new_base: PlatformImage,
    provenance: Provenance,
    recipe: Recipe | None,
    *,
    allow_run: bool,
) -> _Rebased:
    upper = upper_layers(old_base, image)
    own_history = upper_history(old_base, image)
    witness = _witness(recipe, old_base, image, provenance.base_name)
    judge(own_history, image, len(upper), allow_run=allow_run, witness=witness)
    refuse_derived_files(own_history, old_base, image, new_base)
    base = tuple(oci_layer(layer, new_base) for layer in new_base.layers)
    upper = tuple(oci_layer(layer, image) for layer in upper)
    config = rebased_config(
        old_base,
        image,
        new_base,
        diff_ids=[layer.diff_id for layer in base + upper],
        history=rebased_history(own_history, len(upper), new_base),
        labels=provenance.labels,
    )
    created = str(config.get("created", ""))
    stored = config_document(config)
    manifest = manifest_document(stored, base + upper, provenance.annotate(image.annotations, created))
    return _Rebased(image, upper, base, stored, manifest, created)


def _witness(
    recipe: Recipe | None, old_base: PlatformImage, image: PlatformImage, base_name: str
) -> Witness | None:
    """What the Dockerfile says of the layers that the image has above its base."""
    if recipe is None:
        return None
    layers = len(image.layers) - len(old_base.layers)
    has_triggers = bool(old_base.settings.get("OnBuild"))
    return recipe.witness(image.platform, layers, base_name, has_triggers=has_triggers)


def _plan(image: Image, rebased: list[_Rebased], provenance: Provenance) -> RebasePlan:
    children = tuple(part.manifest for part in rebased)
    top = (_index(image, rebased, provenance),) if image.is_index else ()
    return RebasePlan(
        blobs=_blobs(rebased),
        configs=_once(part.config for part in rebased),
        manifests=_once(children + top),
        platforms=tuple(str(part.image.platform) for part in rebased),
    )


def _index(image: Image, rebased: list[_Rebased], provenance: Provenance) -> Document:
    created = latest_created(part.created for part in rebased)
    annotations = provenance.annotate(image.annotations, created)
    return index_document([(part.image, part.manifest) for part in rebased], annotations)


def _blobs(rebased: list[_Rebased]) -> tuple[LayerBlob, ...]:
    """Each layer once; from the source build where it has it, since the result mostly goes there."""
    found: dict[str, LayerBlob] = {}
    for part in rebased:
        for layer in part.upper:
            found.setdefault(layer.digest, LayerBlob(layer.digest, layer.size, Origin.SOURCE))
    for part in rebased:
        for layer in part.base:
            found.setdefault(layer.digest, LayerBlob(layer.digest, layer.size, Origin.BASE))
    return tuple(found.values())


def _once(documents: Iterable[Document]) -> tuple[Document, ...]:
    by_digest: Mapping[str, Document] = {document.digest: document for document in documents}
    return tuple(by_digest.values())
