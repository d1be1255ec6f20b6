"""Reads images and builds of a real cluster, with the rights of whoever sits at the keyboard."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

from slipway.api.deployment import Deployment
from slipway.api.managedimage import ManagedImage
from slipway.build.builders.job.naming import selector_of
from slipway.cli.building.reading import BuildPod, Cluster, KnownImage
from slipway.cli.errors import Refused
from slipway.cli.reading import Where
from slipway.cli.translation import translated
from slipway.kube.client import KubeClient
from slipway.kube.contexts import usual_namespace
from slipway.kube.errors import NotFound
from slipway.kube.resources import MANAGEDIMAGES, PODS, SDEPLOYMENTS, Resource

__all__ = ["KubeCluster", "connect"]

_FIELD_MANAGER = "slipway-cli"
"""Another one than the operator's: GitOps tools leave alone what they did not write."""


@asynccontextmanager
async def connect(where: Where) -> AsyncIterator[Cluster]:
    """What can be read of a cluster, until the end of the block.

    Raises:
        Refused: when the configuration does not lead to a cluster.
    """
    with translated():
        kube = await KubeClient.connect(where.kubeconfig, context=where.context)
    async with kube:
        with translated():
            namespace = where.namespace or usual_namespace(where.kubeconfig, where.context)
        yield KubeCluster(kube, namespace)


class KubeCluster:
    """Implements `slipway.cli.building.reading.Cluster`.

    Args:
        kube: the API server.
        namespace: that is meant.
    """

    def __init__(self, kube: KubeClient, namespace: str) -> None:
        self.namespace = namespace
        self._kube = kube

    async def images(self, namespace: str | None) -> Sequence[KnownImage]:
        """The ManagedImages of a namespace, or of all of them."""
        with translated():
            return [KnownImage.from_body(body) for body in await self._listed(MANAGEDIMAGES, namespace)]

    async def deployments(self, namespace: str | None) -> Sequence[Deployment]:
        """The Deployments (slipway.dev) of a namespace, or of all of them."""
        with translated():
            return [Deployment.model_validate(body) for body in await self._listed(SDEPLOYMENTS, namespace)]

    async def image(self, name: str) -> ManagedImage:
        """A ManagedImage of the namespace, as it is now."""
        with translated():
            body = await self._kube.get(MANAGEDIMAGES, self.namespace, name)
            if body is None:
                msg = (
                    f"There is no ManagedImage {name} in namespace {self.namespace}: correct the name, or"
                    " name the namespace with -n"
                )
                raise Refused(msg)
            return ManagedImage.model_validate(body)

    async def annotate(self, image: ManagedImage, name: str, value: str) -> None:
        """Write one annotation of the object that was read, and nothing else.

        A server-side apply would take away what this field manager has written before.
        """
        metadata = image.metadata
        body = {"metadata": {"uid": metadata.uid, "annotations": {name: value}}}
        with translated():
            await self._kube.merge_patch(
                MANAGEDIMAGES, metadata.namespace, metadata.name, body, manager=_FIELD_MANAGER
            )

    async def pods(self, image: str, build: int) -> Sequence[BuildPod]:
        """The pods of a build of an image of the namespace, the oldest first."""
        with translated():
            bodies = await self._listed(PODS, self.namespace, selector_of(image, build))
        bodies.sort(key=lambda body: (body["metadata"]["creationTimestamp"], body["metadata"]["name"]))
        return [BuildPod.from_body(body) for body in bodies]

    async def log(self, pod: str, container: str, *, follow: bool) -> AsyncGenerator[bytes, None]:
        """The log of a container of a pod, piece by piece; with `follow` until it ends."""
        with translated():
            async with aclosing(self._kube.log(self.namespace, pod, container, follow=follow)) as pieces:
                async for piece in pieces:
                    yield piece

    async def _listed(
        self, resource: Resource, namespace: str | None, selector: str | None = None
    ) -> list[dict[str, Any]]:
        pages = self._kube.pages(resource, namespace, label_selector=selector)
        try:
            return [body async for page in pages for body in page.items]
        except NotFound as error:
            # The API server says no more than 404 of a kind that it does not know.
            msg = f"The cluster does not know {resource.kind}s: install the kinds with kubectl apply -f crds/"
            raise Refused(msg) from error
