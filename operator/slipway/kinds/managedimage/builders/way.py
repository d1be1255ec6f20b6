"""The way to a builder outside of the cluster: a connection, the Secret that opens it, and patience."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.api.pipelines import Pipeline
from slipway.build.builders.contract import Builder
from slipway.build.builders.credentials import BuilderSecret
from slipway.build.builders.patient import Patience, PatientBuilder
from slipway.http import HttpClient, origin_of
from slipway.kinds.context import Context
from slipway.kinds.registry.credentials import read_secret

__all__ = ["Way", "way_to"]


@dataclass(frozen=True, slots=True)
class Way:
    """What a builder needs to ask its server."""

    http: HttpClient
    secret: BuilderSecret
    patience: Patience
    url: str

    def patient(self, builder: Builder) -> Builder:
        """The builder, asked only when its server may be asked with this Secret."""
        return PatientBuilder(builder, self.patience, (origin_of(self.url), self.secret.identity))


async def way_to(context: Context, namespace: str, pipeline: Pipeline, member: str) -> Way:
    """The way that a pipeline names.

    Args:
        context: reads the Secret.
        namespace: of the image; Secrets of others are never used.
        pipeline: names server and Secret.
        member: of `build` that the pipeline is, for messages.

    Raises:
        BuilderError: when the Secret is of a wrong type, or not bound to the host.
        SecretUnavailable: when there is no such Secret, or it may not be read.
        KubeError: when the API server does not answer.
    """
    field = f"build.{member}.secretRef"
    secret = await read_secret(context.kube, namespace, pipeline.secret_ref.name, field)
    builders = context.builders
    opened = BuilderSecret(secret, pipeline.url)
    return Way(builders.client(pipeline.url, namespace), opened, builders.patience, pipeline.url)
