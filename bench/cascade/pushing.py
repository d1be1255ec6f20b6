"""`python -m bench.cascade.pushing KUBECONFIG NAMESPACE REGISTRY`: pushes what the Jobs of builds would.

The pods of the Jobs are fake. As soon as a Job is there, the image that it would build is pushed, so that it
is in the registry before the Job ends.

Standard input tells, as JSON, what the last stage of each image begins with. Each push is told by one line on
standard output, the name of the image.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from bench.cascade.images import base_image, built_image
from bench.common.api import connect
from dev.image_composer import Blob, MadeImage

__all__ = ["Shelf", "main"]

Job = dict[str, Any]

_BUILDS: Final = "watch=1&labelSelector=slipway.dev/build-key"


@dataclass
class Shelf:
    """A folder of the registry, and what is known to be in it."""

    session: aiohttp.ClientSession
    url: str
    folder: str
    images: dict[str, MadeImage] = field(default_factory=dict)
    """By digest."""

    _home: dict[str, str] = field(default_factory=dict)
    """Where a blob may be mounted from, by digest."""

    _held: set[tuple[str, str]] = field(default_factory=set)
    """Repositories, and digests of blobs that are in them."""

    async def push(self, name: str, tag: str, image: MadeImage) -> None:
        """Push an image: blobs that are known to be there stay, those of other repositories are mounted."""
        await asyncio.gather(*(self._put_blob(name, blob) for blob in image.blobs))
        url = f"{self.url}/v2/{self.folder}/{name}/manifests/{tag}"
        headers = {"Content-Type": json.loads(image.top.content)["mediaType"]}
        async with self.session.put(url, data=image.top.content, headers=headers) as answer:
            answer.raise_for_status()
        self.images[image.digest] = image

    async def _put_blob(self, name: str, blob: Blob) -> None:
        if (name, blob.digest) in self._held:
            return
        uploads = f"{self.url}/v2/{self.folder}/{name}/blobs/uploads/"
        home = self._home.setdefault(blob.digest, name)
        question = {"mount": blob.digest, "from": f"{self.folder}/{home}"} if home != name else {}
        async with self.session.post(uploads, params=question) as answer:
            answer.raise_for_status()
            location = answer.headers["Location"]
            is_there = answer.status == 201
        if not is_there:
            sign = "&" if "?" in location else "?"
            async with self.session.put(f"{location}{sign}digest={blob.digest}", data=blob.content) as answer:
                answer.raise_for_status()
        self._held.add((name, blob.digest))


async def main(kubeconfig: Path, namespace: str, registry: str, parents: Mapping[str, str]) -> None:
    """Push for each Job that comes, until the process is ended."""
    async with connect(kubeconfig, "bench-pushing/1") as api, aiohttp.ClientSession() as session:
        shelf = Shelf(session, registry, namespace)
        url = f"{api.server}/apis/batch/v1/namespaces/{namespace}/jobs?{_BUILDS}"
        async with asyncio.TaskGroup() as builds:
            async for job in _added(api.session, url):
                builds.create_task(_build(shelf, job, parents))


async def _added(session: aiohttp.ClientSession, url: str) -> AsyncIterator[Job]:
    known: set[str] = set()
    while True:
        async with session.get(url, timeout=aiohttp.ClientTimeout(total=None)) as stream:
            async for line in stream.content:
                event = json.loads(line)
                name = event["object"]["metadata"]["name"]
                if event["type"] == "ADDED" and name not in known:
                    known.add(name)
                    yield event["object"]


async def _build(shelf: Shelf, job: Job, parents: Mapping[str, str]) -> None:
    annotations = job["metadata"]["annotations"]
    reference = annotations["slipway.dev/reference"]
    name, tag = _name_of(reference), reference.rpartition(":")[2]
    key = job["metadata"]["labels"]["slipway.dev/build-key"]
    bases = {
        _name_of(reference): digest
        for reference, digest in json.loads(annotations["slipway.dev/bases"]).items()
    }
    parent = _known(shelf, bases[parents[name]])
    await shelf.push(name, tag, built_image(name, parent, key))
    print(name, flush=True)


def _name_of(reference: str) -> str:
    return reference.rpartition(":")[0].rpartition("/")[2]


def _known(shelf: Shelf, digest: str) -> MadeImage:
    if digest not in shelf.images:
        bases = (base_image(str(version)) for version in range(100))
        shelf.images |= {image.digest: image for image in bases}
    return shelf.images[digest]


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], json.load(sys.stdin)))
