"""What a status tells of bases that the image itself has named. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from slipway.api.managedimage import BaseStatus, BuildBase, ManagedImageStatus
from slipway.build.evidence import ToldBase
from slipway.kinds.managedimage.facts import Told
from slipway.kinds.managedimage.naming import of_told
from slipway.kinds.managedimage.situation import Situation
from slipway.kinds.managedimage.topics import same_image

__all__ = ["told_statuses"]


def told_statuses(
    at: Situation, status: ManagedImageStatus, told: Told, made_with: Sequence[BuildBase] = ()
) -> tuple[BaseStatus, ...]:
    """The bases that an image tells of, with what was known of each.

    Args:
        at: the moment.
        status: what is known of bases.
        told: what the image tells.
        made_with: what it was built with, where it was built here: that counts before what it says.
    """
    found = {}
    for base, named in zip(told.bases, of_told(told.bases), strict=True):
        known = _known(status, base)
        built = at.made_with(made_with, base.reference) or base.digest
        if known is None:
            found[base.reference] = BaseStatus(
                reference=base.reference, uses=named.uses, told_by=named.told_by, built_digest=built
            )
        else:
            news = {"uses": named.uses, "told_by": named.told_by, "built_digest": built or known.built_digest}
            found[known.reference] = known.model_copy(update=news)
    return tuple(found.values())


def _known(status: ManagedImageStatus, base: ToldBase) -> BaseStatus | None:
    alike = (known for known in status.bases if same_image(known.reference, base.reference))
    return next(alike, None)
