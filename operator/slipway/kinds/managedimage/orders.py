"""What a builder is asked for, from the build as it was written down and the spec. Pure."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

from slipway.api.base import parse_duration
from slipway.api.managedimage import Build, ManagedImage, ManagedImageSpec
from slipway.build.builders.order import BuildOrder, GitSource

__all__ = ["configuration_of", "order_of"]

_HASH_LENGTH = 16


def configuration_of(spec: ManagedImageSpec) -> str:
    """A hash over all of the spec that changes what a build makes: never time-outs, retries or resources."""
    assert spec.build is not None
    source, pipeline = spec.source, spec.build.pipeline
    document: dict[str, object] = {
        "type": spec.build.type,
        "repository": spec.image.repository,
        "pipeline": pipeline.model_dump(mode="json", exclude={"secret_ref"}) if pipeline else None,
        "secrets": [one.name for one in spec.build.job.secrets] if spec.build.job else [],
        "url": source.git.url if source else None,
        "path": source.git.path if source else None,
        "dockerfile": source.dockerfile if source else None,
        "target": source.target if source else None,
        "buildArgs": {one.name: one.value for one in source.build_args} if source else {},
        "platforms": sorted(source.platforms) if source else [],
    }
    if spec.bases:
        document["bases"] = [base.model_dump(mode="json", exclude_none=True) for base in spec.bases]
    written = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(written.encode()).hexdigest()[:_HASH_LENGTH]


def order_of(image: ManagedImage, build: Build) -> BuildOrder:
    """The order for a build under way; the same each time, as long as the configuration is."""
    spec = image.spec
    return BuildOrder(
        image_name=image.metadata.name,
        namespace=image.metadata.namespace,
        uid=image.metadata.uid,
        key=build.key,
        number=build.number,
        attempt=build.attempts or 1,
        reference=build.reference,
        bases={base.reference: base.digest for base in build.bases},
        source=_source(spec, build.commit),
        timeout=_timeout(spec),
        requested_at=build.started_at,
    )


def _timeout(spec: ManagedImageSpec) -> timedelta:
    """Of an image that is no longer built here only the run is called back, which takes no time."""
    return parse_duration(spec.build.timeout) if spec.build is not None else timedelta(0)


def _source(spec: ManagedImageSpec, commit: str | None) -> GitSource | None:
    if spec.source is None or commit is None:
        return None
    git = spec.source.git
    return GitSource(
        url=git.url,
        commit=commit,
        path=git.path,
        dockerfile=spec.source.dockerfile,
        target=spec.source.target or None,
        build_args=tuple((one.name, one.value) for one in spec.source.build_args),
        platforms=spec.source.platforms,
        secret=git.secret_ref.name if git.secret_ref else None,
        secrets=tuple(one.name for one in spec.build.job.secrets) if spec.build and spec.build.job else (),
    )
