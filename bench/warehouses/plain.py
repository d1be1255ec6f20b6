"""The ceiling: a client that asks the registry and writes the statuses as the operator does, and no more.

Run as a process of its own, as the operator is: `python -m bench.warehouses.plain KUBECONFIG NAMESPACE REALM
SERVICE` prints `{"seconds": …, "cpu_seconds": …}`. The seconds begin when the objects are listed and end with
the last answer. It knows beforehand where tokens are, what to ask, and what to do with the answers.
"""

from __future__ import annotations

import json
import sys
import time
from asyncio import run
from pathlib import Path
from typing import Any

from bench.common.api import Api, connect, in_flight
from bench.warehouses.population import repository_of
from bench.warehouses.remote import Remote, open_remote

__all__ = ["main"]


async def _look(api: Api, remote: Remote, namespace: str, body: dict[str, Any]) -> None:
    host, _, repository = repository_of(body).partition("/")
    tags = await remote.tags(host, repository)
    tag = max(tags, key=lambda name: tuple(map(int, name.split("."))))
    digest = await remote.digest(host, repository, tag)
    manifest = await remote.manifest(host, repository, digest)
    config = await remote.config(host, repository, manifest["config"]["digest"])
    metadata = body["metadata"]
    status = _status(f"{host}/{repository}", tag, digest, config)
    await api.apply_status(namespace, metadata["name"], metadata["resourceVersion"], status)


def _status(repository: str, tag: str, digest: str, config: dict[str, Any]) -> dict[str, Any]:
    condition = {
        "type": "Ready",
        "status": "True",
        "reason": "Succeeded",
        "message": f"{repository}:{tag}",
        "observedGeneration": 1,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    platform = {"name": f"{config['os']}/{config['architecture']}", "digest": digest}
    image = {"repository": repository, "tag": tag, "digest": digest, "platforms": [platform]}
    artifact = {"name": "app", "image": image, "candidates": [tag]}
    return {"observedGeneration": 1, "conditions": [condition], "artifacts": [artifact]}


async def _run(kubeconfig: Path, namespace: str, realm: str, service: str) -> float:
    async with connect(kubeconfig, "bench-plain/1") as api, open_remote(realm, service) as remote:
        found = await api.warehouses(namespace)
        begun = time.monotonic()
        await in_flight(found, lambda body: _look(api, remote, namespace, body))
        return time.monotonic() - begun


def main() -> None:
    """Look at everything, write all statuses, and print what it took."""
    kubeconfig, namespace, realm, service = sys.argv[1:]
    seconds = run(_run(Path(kubeconfig), namespace, realm, service))
    print(json.dumps({"seconds": seconds, "cpu_seconds": time.process_time()}))


if __name__ == "__main__":
    main()
