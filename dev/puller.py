"""Plays the part of image pulling for pods in namespaces `pull-*`: `python -m dev.puller KUBECONFIG`.

Each image of a scheduled pod is looked up in its registry. The result goes into the pod's annotation
`slipway.dev/pull`, for which the stages of the fake nodes wait: `present` lets the pod get ready, `missing`
gives ImagePullBackOff. What is missing is looked up again every second, as a kubelet tries again.
"""

from __future__ import annotations

import contextlib
import http.client
import queue
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.api import ApiError, KubeApi, resource_path
from dev.kubeconfig import Kubeconfig

__all__ = ["ANNOTATION", "ImageName", "exists", "main"]

ANNOTATION = "slipway.dev/pull"
_PREFIX = "pull-"
_RETRY = 1.0
_MANIFEST_TYPES = (
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.docker.distribution.manifest.v2+json"
)


@dataclass(frozen=True, slots=True)
class ImageName:
    """An image reference as it stands in a pod, cut where the registry's API wants it cut."""

    host: str
    repository: str
    version: str
    """Digest if there is one, else tag, else `latest`."""

    @classmethod
    def parse(cls, text: str) -> ImageName:
        """Cut a reference; a name without a host belongs to `docker.io`, as for a kubelet."""
        name, _, digest = text.partition("@")
        host, _, path = name.partition("/")
        if not path or not (set(host) & {".", ":"} or host == "localhost"):
            host, path = "docker.io", name
        repository, colon, tag = path.rpartition(":")
        if not colon:
            repository, tag = path, "latest"
        return cls(host, repository, digest or tag)

    @property
    def is_local(self) -> bool:
        """Whether its registry is on this machine; the test bed asks no other."""
        return self.host.partition(":")[0] in {"127.0.0.1", "localhost"}


def exists(image: ImageName) -> bool:
    """Whether its registry serves the manifest to everybody."""
    if not image.is_local:
        return False
    connection = http.client.HTTPConnection(image.host, timeout=5)
    try:
        path = f"/v2/{image.repository}/manifests/{image.version}"
        connection.request("HEAD", path, headers={"Accept": _MANIFEST_TYPES})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def follow_pods(api: KubeApi, found: queue.Queue[dict[str, Any]]) -> None:
    """Put the watch events of all pods in `pull-*` namespaces into the queue, for ever."""
    path = resource_path("v1", "pods")
    while True:
        # A closed connection or an expired version: begin anew with a list.
        with contextlib.suppress(OSError, http.client.HTTPException, ApiError):
            pods = api.get(path)
            for pod in pods["items"]:
                _offer({"type": "ADDED", "object": pod}, found)
            for event in api.watch(path, resourceVersion=pods["metadata"]["resourceVersion"]):
                _offer(event, found)


def _offer(event: dict[str, Any], found: queue.Queue[dict[str, Any]]) -> None:
    if event["object"]["metadata"]["namespace"].startswith(_PREFIX):
        found.put(event)


class Puller:
    """Decides about pods one after another and remembers those that wait for an image."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api
        self._missing: dict[str, dict[str, Any]] = {}

    def run(self, found: queue.Queue[dict[str, Any]]) -> None:
        """Handle events for ever, and the pods without their images again every second."""
        retry_at = time.monotonic() + _RETRY
        while True:
            with contextlib.suppress(queue.Empty):
                self._handle(found.get(timeout=max(retry_at - time.monotonic(), 0.001)))
            if time.monotonic() >= retry_at:
                for pod in list(self._missing.values()):
                    self._look_up(pod)
                retry_at = time.monotonic() + _RETRY

    def _handle(self, event: dict[str, Any]) -> None:
        pod = event["object"]
        if event["type"] == "DELETED" or not _wants_images(pod):
            self._missing.pop(pod["metadata"]["uid"], None)
        else:
            self._look_up(pod)

    def _look_up(self, pod: dict[str, Any]) -> None:
        result = "present" if all(exists(image) for image in _images(pod)) else "missing"
        if result == "missing":
            self._missing[pod["metadata"]["uid"]] = pod
        else:
            self._missing.pop(pod["metadata"]["uid"], None)
        if _annotation(pod) != result:
            self._annotate(pod, result)

    def _annotate(self, pod: dict[str, Any], result: str) -> None:
        metadata = pod["metadata"]
        path = resource_path("v1", "pods", metadata["namespace"], metadata["name"])
        change = {"metadata": {"uid": metadata["uid"], "annotations": {ANNOTATION: result}}}
        try:
            self._api.patch(path, change)
        except ApiError:
            # Deleted, or replaced by a pod of the same name.
            self._missing.pop(metadata["uid"], None)


def _wants_images(pod: dict[str, Any]) -> bool:
    gone = "deletionTimestamp" in pod["metadata"]
    return not gone and bool(pod["spec"].get("nodeName")) and _annotation(pod) != "present"


def _annotation(pod: dict[str, Any]) -> str | None:
    annotations: dict[str, str] = pod["metadata"].get("annotations", {})
    return annotations.get(ANNOTATION)


def _images(pod: dict[str, Any]) -> list[ImageName]:
    containers = [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
    return [ImageName.parse(container["image"]) for container in containers]


def main() -> None:
    """Run with the kubeconfig given as the only argument."""
    kubeconfig = Kubeconfig.read(Path(sys.argv[1]))
    found: queue.Queue[dict[str, Any]] = queue.Queue()
    # Without a time-out: nothing may happen in a watch for hours.
    watching = KubeApi(kubeconfig, timeout=None)
    threading.Thread(target=follow_pods, args=(watching, found), daemon=True).start()
    Puller(KubeApi(kubeconfig)).run(found)


if __name__ == "__main__":
    main()
