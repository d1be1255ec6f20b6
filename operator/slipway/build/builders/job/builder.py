"""Builds as Jobs of the namespace of their image. A Job's name follows from its order, so it is made once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from slipway.build.builders.contract import Progress, Run, Running
from slipway.build.builders.job.ending import progress_of
from slipway.build.builders.job.manifest import job_manifest
from slipway.build.builders.job.naming import job_name
from slipway.build.builders.job.settings import JobSettings
from slipway.build.builders.order import BuildOrder
from slipway.clock import Clock
from slipway.engine.key import Key
from slipway.kube.children import Children, is_child_of
from slipway.kube.client import KubeClient
from slipway.kube.resources import JOBS, MANAGEDIMAGES, PODS

__all__ = ["JobBuilder", "JobOverseer"]


@dataclass(frozen=True, slots=True)
class _Owner:
    """The ManagedImage of an order."""

    key: Key
    uid: str


@dataclass(frozen=True, slots=True)
class JobOverseer:
    """Reads and deletes the Jobs of images, which takes no settings: none can be missing."""

    starts_once: ClassVar[bool] = True

    kube: KubeClient
    children: Children
    clock: Clock

    async def find(self, order: BuildOrder) -> Run | None:
        """The Job of this order, if it is there and belongs to the image.

        Raises:
            KubeError: the API server does not answer.
        """
        name = job_name(order)
        job = await self.kube.get(JOBS, order.namespace, name)
        if job is None or not is_child_of(_owner(order), job):
            return None
        return Run(name, progress=await self._progress(order, job))

    async def look(self, order: BuildOrder, run: Run) -> Progress:
        """How the Job goes. Its pods are read where it is over, or where they may tell why nothing happens.

        Raises:
            KubeError: the API server does not answer.
        """
        job = await self.kube.get(JOBS, order.namespace, run.id)
        if job is None or not is_child_of(_owner(order), job):
            return progress_of(None, (), self.clock.now())
        return await self._progress(order, job)

    async def cancel(self, order: BuildOrder, run: Run) -> None:
        """Deletes the Job with its pods.

        Raises:
            KubeError: the API server does not answer.
        """
        job = await self.kube.get(JOBS, order.namespace, run.id)
        if job is not None and is_child_of(_owner(order), job):
            await self.children.delete(_owner(order), JOBS, job)

    async def _progress(self, order: BuildOrder, job: Mapping[str, Any]) -> Progress:
        if (job.get("status") or {}).get("ready"):
            return Running()  # its pod does what it should
        return progress_of(job, await self._pods(order, job["metadata"]["name"]), self.clock.now())

    async def _pods(self, order: BuildOrder, job: str) -> Sequence[Mapping[str, Any]]:
        pods: list[Mapping[str, Any]] = []
        selector = f"batch.kubernetes.io/job-name={job}"
        async for page in self.kube.pages(PODS, order.namespace, label_selector=selector):
            pods.extend(page.items)
        return pods


@dataclass(frozen=True, slots=True)
class JobBuilder(JobOverseer):
    """Makes the Jobs of one image, too."""

    settings: JobSettings

    async def start(self, order: BuildOrder) -> Run:
        """Makes the Job; one that is there already stays as it is.

        Raises:
            NameConflict: a stranger's Job has the name.
            KubeError: the API server does not take it.
        """
        made = await self.children.create(_owner(order), JOBS, job_manifest(order, self.settings))
        return Run(made["metadata"]["name"])


def _owner(order: BuildOrder) -> _Owner:
    return _Owner(Key(MANAGEDIMAGES.key_kind, order.namespace, order.image_name), order.uid)
