"""Jobs like those of builds, without anybody who builds: what the cluster itself takes for them."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import aiohttp

from bench.cascade.shape import Shape
from bench.common.api import Api

__all__ = ["Job", "jobs_alone", "jobs_of", "like", "model_of"]

Job: TypeAlias = dict[str, Any]

_LABEL: Final = "dev.slipway.bench/alone"


def jobs_of(namespace: str) -> str:
    """Where the Jobs of a namespace are."""
    return f"/apis/batch/v1/namespaces/{namespace}/jobs"


async def model_of(api: Api, namespace: str) -> Job:
    """The Job of some build."""
    (model,) = (await api.request("GET", f"{jobs_of(namespace)}?limit=1"))["items"]
    found: Job = model
    return found


def like(model: Job, name: str) -> Job:
    """A Job with the pods of another, which counts as no build."""
    pod = model["spec"]["template"]
    # The labels of a finished Job name its own pods.
    own = {key: value for key, value in pod["metadata"]["labels"].items() if "slipway.dev/" in key}
    template = {**pod, "metadata": {"labels": own}}
    # A Job without labels would get those of its template, and count as a build.
    metadata = {"name": name, "labels": {_LABEL: "true"}}
    return {"metadata": metadata, "spec": {"backoffLimit": 0, "template": template}}


async def jobs_alone(api: Api, namespace: str, shape: Shape, at_once: int) -> float:
    """The seconds that as many Jobs take as there are images, level by level, so many at once."""
    path, model = jobs_of(namespace), await model_of(api, namespace)
    ended: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
    begun = time.monotonic()
    watching = asyncio.create_task(_watch(api, path, ended))
    try:
        for level in shape.levels[1:]:
            names = iter([f"plain-{vertex.name}" for vertex in level])
            workers = (_work(api, path, model, names, ended) for _ in range(at_once))
            await asyncio.gather(*workers)
    finally:
        watching.cancel()
    return time.monotonic() - begun


async def _work(
    api: Api, path: str, model: Job, names: Iterator[str], ended: defaultdict[str, asyncio.Event]
) -> None:
    for name in names:
        await api.request("POST", path, like(model, name))
        await ended[name].wait()


async def _watch(api: Api, path: str, ended: defaultdict[str, asyncio.Event]) -> None:
    url = f"{api.server}{path}?watch=1&labelSelector={_LABEL}"
    for _ in itertools.count():
        async with api.session.get(url, timeout=aiohttp.ClientTimeout(total=None)) as stream:
            async for line in stream.content:
                job = json.loads(line)["object"]
                if job.get("status", {}).get("succeeded"):
                    ended[job["metadata"]["name"]].set()
