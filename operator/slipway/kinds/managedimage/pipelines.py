"""Who a build under way was given to: the spec may name somebody else by now. Pure.

A pipeline stands in the status as long as its build is under way. Jobs need no record: their names follow
from the build, and they are in the namespace of the image.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pydantic import ValidationError

from slipway.api.managedimage import Build, BuildPipeline, ManagedImage
from slipway.api.pipelines import GiteaWorkflow, GitHubWorkflow, GitLabPipeline, Pipeline, WebhookReceiver
from slipway.build.builders.errors import NotOffered
from slipway.kinds.managedimage.orders import configuration_of

__all__ = ["is_by_pipeline", "recorded_pipeline", "started_by"]

_TYPES: Final[Mapping[type[Pipeline], str]] = MappingProxyType(
    {
        GitHubWorkflow: "GitHub",
        GitLabPipeline: "GitLab",
        GiteaWorkflow: "Gitea",
        WebhookReceiver: "Webhook",
    }
)


def recorded_pipeline(pipeline: Pipeline | None) -> BuildPipeline | None:
    """What the status keeps of a pipeline: all that it takes to follow and to cancel a run."""
    if pipeline is None:
        return None
    return BuildPipeline(
        type=_TYPES[type(pipeline)],
        url=pipeline.url.partition("?")[0],  # a query may hold a secret, and no run is followed by it
        secret=pipeline.secret_ref.name,
        **_place_of(pipeline),
    )


def _place_of(pipeline: Pipeline) -> dict[str, str]:
    match pipeline:
        case GitHubWorkflow() | GiteaWorkflow():
            project = f"{pipeline.owner}/{pipeline.repository}"
            return {"project": project, "workflow": pipeline.workflow, "ref": pipeline.ref}
        case GitLabPipeline():
            return {"project": pipeline.project, "ref": pipeline.ref}
        case WebhookReceiver():
            return {}


def is_by_pipeline(image: ManagedImage, build: Build) -> bool:
    """Whether a build was given to a pipeline, and not to a Job."""
    if _is_of_spec(image, build):
        return image.spec.build is not None and image.spec.build.pipeline is not None
    return build.pipeline is not None


def started_by(image: ManagedImage, build: Build) -> Pipeline | None:
    """The pipeline that a build was given to; None where that is a Job.

    As long as the spec asks for the same build, its own pipeline counts: it may name another Secret.

    Raises:
        NotOffered: when the record of it is not one that this operator wrote, or could have written.
    """
    if _is_of_spec(image, build):
        return image.spec.build.pipeline if image.spec.build is not None else None
    return None if build.pipeline is None else _restored(build.pipeline)


def _is_of_spec(image: ManagedImage, build: Build) -> bool:
    return image.spec.build is not None and build.configuration == configuration_of(image.spec)


def _restored(kept: BuildPipeline) -> Pipeline:
    owner, _, repository = (kept.project or "").partition("/")
    document = {
        **kept.model_dump(include={"url", "project", "workflow", "ref"}, exclude_none=True),
        "owner": owner,
        "repository": repository,
        "secret_ref": {"name": kept.secret},
    }
    for model, name in _TYPES.items():
        if name == kept.type:
            try:
                return model.model_validate(document)
            except ValidationError:
                break
    msg = f"the status does not tell which pipeline of {kept.type} builds: end its run on the page of the run"
    raise NotOffered(msg)
