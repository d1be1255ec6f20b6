"""Which Registry serves an image: the one named, else the one whose url and project match best. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from slipway.kinds.registry.view import RegistryView

__all__ = ["AmbiguousRegistry", "select_registry"]


class AmbiguousRegistry(Exception):  # noqa: N818 - named like the reason it becomes
    """Several Registries match equally well; the message names them and says how to tell them apart."""


def select_registry(candidates: Iterable[RegistryView], host: str, repository: str) -> RegistryView | None:
    """The Registry with the longest matching project, or None when none serves this image.

    Args:
        candidates: the Registries of one namespace.
        host: of the image reference, normalised as `ImageReference.registry` is.
        repository: the path on that host, without tag or digest.

    Raises:
        AmbiguousRegistry: when the longest match is not the only one of its length.
    """
    matching = [view for view in candidates if view.host == host and _is_below(repository, view.project)]
    if not matching:
        return None
    longest = max(len(view.project) for view in matching)
    best = sorted((view for view in matching if len(view.project) == longest), key=lambda view: view.key.name)
    if len(best) > 1:
        names = ", ".join(view.key.name for view in best)
        msg = (
            f"the Registries {names} match {host}/{repository} equally well: "
            "name the one to use in registryRef, or give them different projects"
        )
        raise AmbiguousRegistry(msg)
    return best[0]


def _is_below(repository: str, project: str) -> bool:
    """Whether a repository is the project or lies below it; every repository is below the empty project."""
    return not project or repository == project or repository.startswith(f"{project}/")
