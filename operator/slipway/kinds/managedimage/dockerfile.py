"""What the Dockerfile of a commit says that the image stands on."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from slipway.api.building import SourceSpec
from slipway.api.conditions import Reason
from slipway.api.managedimage import ManagedImage
from slipway.build.dockerfile import DockerfileError, analyse, decode
from slipway.build.rebase.recipe import Recipe
from slipway.engine.outcome import Stalled, Waiting
from slipway.git.errors import FileMissing, GitError, InvalidPath, NotAFile
from slipway.kinds.context import Context
from slipway.kinds.gitremote import remote_of
from slipway.kinds.managedimage.facts import Commit, Problem
from slipway.kinds.managedimage.naming import NamedBase, known_before, of_analysis, of_spec
from slipway.kinds.managedimage.sourcepaths import dockerfile_path
from slipway.kinds.registry.credentials import SecretUnavailable

__all__ = ["find_names", "read_recipe"]

_RETRY: Final = timedelta(seconds=60)
"""When a git host that did not answer is asked again, and a Secret looked at again."""
_UNTIL_NEWS: Final = timedelta(hours=6)
"""When a Dockerfile that cannot be read is looked at again; a new commit, or another spec, is news."""


async def find_names(
    context: Context, image: ManagedImage, commit: Commit | Problem | None
) -> tuple[NamedBase, ...] | Problem | None:
    """The names of the bases: those of the spec, else of the Dockerfile, else those that the image tells.

    None while that is not known. The Dockerfile is read once for each commit and spec; what it says stands in
    the status then, as does what the image tells.

    Raises:
        KubeError: when the API server does not answer.
    """
    source = image.spec.source
    if image.spec.bases:
        return of_spec(image)
    if source is None:
        return known_before(image)
    if not isinstance(commit, Commit):
        return None
    if _is_known(image, commit):
        return known_before(image)
    return await _read_if_possible(context, image, source, commit)


def _is_known(image: ManagedImage, commit: Commit) -> bool:
    """Whether the status tells of the bases of this very commit and spec."""
    status = image.status
    is_of_spec = status.observed_generation == image.metadata.generation
    return is_of_spec and status.source is not None and status.source.commit == commit.commit


async def _read_if_possible(
    context: Context, image: ManagedImage, source: SourceSpec, commit: Commit
) -> tuple[NamedBase, ...] | Problem:
    try:
        return await _read(context, image, source, commit)
    except DockerfileError as error:
        path = dockerfile_path(source.git.path, source.dockerfile)
        message = f"{path} at {commit.commit[:7]}, {error}"
        return Stalled(Reason.DOCKERFILE_UNREADABLE, message, _UNTIL_NEWS)
    except (FileMissing, NotAFile, InvalidPath) as error:
        return Stalled(error.reason, f"{error}: correct source.git.path or source.dockerfile", _UNTIL_NEWS)
    except (GitError, SecretUnavailable) as error:
        return Waiting(error.reason, str(error), _RETRY, is_trouble=True)


async def _read(
    context: Context, image: ManagedImage, source: SourceSpec, commit: Commit
) -> tuple[NamedBase, ...]:
    recipe = await _recipe(context, image, source, commit)
    analysis = analyse(
        recipe.text,
        target=recipe.target,
        build_args=recipe.build_args,
        platform=source.platforms[0] if source.platforms else "linux/amd64",
    )
    return of_analysis(analysis)


async def read_recipe(context: Context, image: ManagedImage, commit: str | None) -> Recipe | None:
    """The Dockerfile of a commit that was built; None where there is none, or none that can be read.

    Raises:
        GitError, SecretUnavailable: when the repository cannot be asked now.
        KubeError: when the API server does not answer.
    """
    source = image.spec.source
    if source is None or commit is None:
        return None
    try:
        return await _recipe(context, image, source, Commit(commit, f"refs/heads/{source.git.branch}"))
    except (DockerfileError, FileMissing, NotAFile, InvalidPath):
        return None


async def _recipe(context: Context, image: ManagedImage, source: SourceSpec, commit: Commit) -> Recipe:
    git, namespace = source.git, image.metadata.namespace
    remote = await remote_of(context, namespace, git.url, git.secret_ref, "source.git.secretRef")
    path = dockerfile_path(git.path, source.dockerfile)
    content = await context.lookups.file(remote, commit.commit, path, commit.ref, context.clock.now())
    return Recipe(
        path=path,
        text=decode(content),
        target=source.target,
        build_args={argument.name: argument.value for argument in source.build_args},
    )
