"""What can be wrong with manifests: functions of a request, to be used as the answer."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from tests.support.faults.shelf import StoredImage, manifest_reply, stored_image
from tests.support.raw_server import Reply, Seen

__all__ = ["always_new", "moving_between_head_and_get", "other_content"]


def other_content(claimed: str, image: StoredImage) -> Reply:
    """This image, with the digest of another one in the header."""
    return manifest_reply(image.manifest, claimed)


def moving_between_head_and_get(before: StoredImage, after: StoredImage) -> Callable[[Seen], Reply]:
    """A tag that names one image in every HEAD, and another one in every GET; by digest both can be had."""

    def answer(seen: Seen) -> Reply:
        for image in (before, after):
            if seen.path.endswith(image.digest):
                return manifest_reply(image.manifest)
        return manifest_reply((before if seen.method == "HEAD" else after).manifest)

    return answer


def always_new() -> Callable[[Seen], Reply]:
    """Another image at every request for a tag; by digest each can still be had."""
    numbers = itertools.count(1)
    made: dict[str, StoredImage] = {}

    def answer(seen: Seen) -> Reply:
        reference = seen.path.rpartition("/")[2]
        if reference in made:
            return manifest_reply(made[reference].manifest)
        image = stored_image(f"number {next(numbers)}")
        made[image.digest] = image
        return manifest_reply(image.manifest)

    return answer
