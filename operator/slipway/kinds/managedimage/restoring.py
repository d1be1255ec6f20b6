"""An image that is enrolled again goes on from the record of its namesake, if that is still true."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.api.conditions import Reason
from slipway.api.managedimage import ManagedImage, ManagedImageStatus, RebuildStatus, SourceStatus
from slipway.clock import format_time
from slipway.engine.outcome import EventNote
from slipway.kinds.context import Context
from slipway.kinds.managedimage.archive import Archive, Unusable, highest_number, is_archive_of, read_archive
from slipway.kinds.managedimage.builds import repository_of
from slipway.kinds.managedimage.farewell import archive_name
from slipway.kinds.managedimage.source import image_client, image_place
from slipway.kinds.managedimage.topics import same_repository
from slipway.kinds.managedimage.words import short
from slipway.kube.children import child_name
from slipway.kube.resources import CONFIGMAPS
from slipway.oci.errors import NotFound

__all__ = ["Enrolment", "begun_anew", "enrol", "mismatch", "numbers_of", "restored"]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An image with the status that it begins with, or has."""

    image: ManagedImage
    notes: tuple[EventNote, ...] = ()
    """What became of its archive, if there is one."""
    is_restored: bool = False
    """Whether the status is that of the archive."""


async def enrol(context: Context, image: ManagedImage) -> Enrolment:
    """The image, with the record of its archive where it has no status of its own yet.

    Nothing is written here: the first status that is, holds the record, and until then it is read anew.

    Raises:
        AccessProblem, RegistryError: whether the record is still true cannot be told now.
        KubeError: when the API server does not answer.
    """
    if image.status.observed_generation not in {None, -1}:
        return Enrolment(image)
    namespace, name = image.metadata.namespace, image.metadata.name
    configmap = await context.kube.get(CONFIGMAPS, namespace, archive_name(name))
    if configmap is None or not is_archive_of(configmap, child_name(name)):
        return Enrolment(image)
    archive = read_archive(configmap)
    if isinstance(archive, Unusable):
        return _anew(image, archive.message, ManagedImageStatus())
    if (why := mismatch(image, archive)) is not None:
        return _anew(image, why, numbers_of(archive.status))
    if (why := await _loss(context, image, archive)) is not None:
        return _anew(image, why, begun_anew(archive.status))
    status = restored(archive.status)
    note = _told(archive, archive_name(name))
    return Enrolment(image.model_copy(update={"status": status}), (note,), is_restored=True)


def mismatch(image: ManagedImage, archive: Archive) -> str | None:
    """Why an archive is none of this image, if so; follows `it`. Pure."""
    wanted, known = image.spec.image, archive.status.image
    if not same_repository(archive.repository, wanted.repository):
        return f"is of another repository, {archive.repository}"
    if archive.tag != wanted.tag:
        return f"is of another template of tags, {archive.tag}"
    if known is not None and not same_repository(repository_of(known.reference), wanted.repository):
        return f"tells of an image in another repository, {known.reference}"
    return None


def restored(record: ManagedImageStatus) -> ManagedImageStatus:
    """The status that an image begins with: what was built and of what, but nothing that was due. Pure.

    Nor who asked for a build: no policy vouches for what a ConfigMap says.
    """
    tried = record.rebuild.tried if record.rebuild else ()
    builds = (build.model_copy(update={"requested_by": None}) for build in record.builds)
    return ManagedImageStatus(
        image=record.image,
        source=record.source,
        bases=record.bases,
        rebuild=RebuildStatus(tried=tried) if tried else None,
        builds=tuple(sorted(builds, key=lambda build: build.number, reverse=True)),
        numbers_above=record.numbers_above,
    )


def numbers_of(record: ManagedImageStatus) -> ManagedImageStatus:
    """The status of an image that has nothing to do with a record but that its numbers are taken. Pure."""
    return ManagedImageStatus(numbers_above=highest_number(record) or None)


def begun_anew(record: ManagedImageStatus) -> ManagedImageStatus:
    """The status of an image whose builds are lost: what its source build stands on is known all the same.

    Where nothing else tells that, a base that has moved since would leave the image without one. Pure.
    """
    source = record.source and SourceStatus(
        digest=record.source.digest, base_digest=record.source.base_digest
    )
    bases = tuple(base.model_copy(update={"built_digest": None, "changed_at": None}) for base in record.bases)
    return numbers_of(record).model_copy(update={"source": source, "bases": bases})


async def _loss(context: Context, image: ManagedImage, archive: Archive) -> str | None:
    """What the registry has lost since, if so; follows `it`."""
    known = archive.status.image
    if known is None:
        return None
    place = image_place(await image_client(context, image), image)
    try:
        await place.client.head_manifest(place.path, known.digest)
    except NotFound:
        return f"tells of {known.reference} ({short(known.digest)}), which the registry has lost"
    return None


def _anew(image: ManagedImage, why: str, status: ManagedImageStatus) -> Enrolment:
    above = f", with numbers above {status.numbers_above}" if status.numbers_above else ""
    told = (
        f"ConfigMap {archive_name(image.metadata.name)} was not restored: it {why}; builds begin anew{above}"
    )
    note = EventNote(Reason.ARCHIVE_NOT_RESTORED, told, "Warning")
    return Enrolment(image.model_copy(update={"status": status}), (note,))


def _told(archive: Archive, name: str) -> EventNote:
    known, count = archive.status.image, len(archive.status.builds)
    offers = f"; the image is {known.reference} ({short(known.digest)})" if known else ""
    message = f"Restored {count} builds from ConfigMap {name} of {format_time(archive.archived_at)}{offers}"
    return EventNote(Reason.RESTORED, message)
