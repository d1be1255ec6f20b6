"""`slipway logs`: what the containers of a build said."""

from __future__ import annotations

import asyncio
import codecs
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Final

from slipway.api.managedimage import Build, BuildPhase, ManagedImage
from slipway.cli.building.reading import BuildPod, Cluster
from slipway.cli.errors import Refused
from slipway.cli.output import say, warn
from slipway.cli.plain import printable
from slipway.kinds.managedimage.words import REBASE
from slipway.kube.client import LOG_LIMIT

__all__ = ["chosen_build", "lines", "show_logs"]

_PAUSE: Final = 1.0
_LONGEST_LINE: Final = 64 * 1024
"""Characters; what is longer is broken, so that one line without an end takes no memory."""

Pause = Callable[[float], Awaitable[None]]


async def show_logs(
    cluster: Cluster, name: str, number: int | None, *, follow: bool, pause: Pause = asyncio.sleep
) -> None:
    """Print the logs of a build, container by container; the address of the log where it is elsewhere.

    Args:
        cluster: that is read.
        name: of the ManagedImage.
        number: of the build; None for the newest.
        follow: whether to go on until the build has ended.
        pause: waits for some seconds.

    Raises:
        Refused: when there is no such build, or its log is gone.
    """
    build = chosen_build(await cluster.image(name), number)
    if build.run is not None:
        sys.stdout.write(_address(build) + "\n")
        return
    if build.method == REBASE:
        msg = f"Build {build.number} is a rebase: the operator made it in the registry, and there is no log"
        raise Refused(msg)
    reading = _Reading(cluster, name, build.number)
    await (reading.follow(pause) if follow else reading.print_once())


def chosen_build(image: ManagedImage, number: int | None) -> Build:
    """The build of this number, or the newest.

    Raises:
        Refused: when there is none.
    """
    name, builds = image.metadata.name, image.status.builds
    if not builds:
        msg = f"ManagedImage {name} has no build yet: `slipway rebuild {name}` asks for one"
        raise Refused(msg)
    if number is None:
        return max(builds, key=lambda build: build.number)
    found = next((build for build in builds if build.number == number), None)
    if found is None:
        known = ", ".join(str(build.number) for build in builds)
        msg = f"ManagedImage {name} has no build {number}: its status keeps {known}"
        raise Refused(msg)
    return found


async def lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """The lines of a text in UTF-8 that comes in pieces, each as soon as it is whole."""
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    rest = ""
    async for piece in pieces:
        *whole, rest = (rest + decode(piece)).split("\n")
        for line in whole:
            yield line
        while len(rest) > _LONGEST_LINE:
            yield rest[:_LONGEST_LINE]
            rest = rest[_LONGEST_LINE:]
    rest += decode(b"", final=True)
    if rest:
        yield rest


def _address(build: Build) -> str:
    """Where the log is that somebody else keeps."""
    assert build.run is not None
    if build.run.url is None:
        msg = f"Build {build.number} runs elsewhere as {build.run.id}, and nobody tells where its log is"
        raise Refused(msg)
    return printable(build.run.url)


class _Reading:
    """The log of one build, of which each container is printed once."""

    def __init__(self, cluster: Cluster, image: str, number: int) -> None:
        self._cluster = cluster
        self._image = image
        self._number = number
        self._printed: set[tuple[str, str]] = set()

    async def print_once(self) -> None:
        """Print what there is."""
        pods = await self._pods()
        if not pods:
            raise Refused(await self._why_no_pod())
        for pod in pods:
            await self._print_pod(pod, follow=False)
        if not self._printed:
            held = f" ({pods[-1].held_by})" if pods[-1].held_by else ""
            say(f"No container of build {self._number} has begun{held}: with --follow it is waited for.")

    async def follow(self, pause: Pause) -> None:
        """Print what comes, until the newest pod has ended."""
        while True:
            pods = await self._pods()
            if not pods and not await self._is_under_way():
                raise Refused(await self._why_no_pod())
            for pod in pods:
                await self._print_pod(pod, follow=True)
            if pods and pods[-1].is_over:
                return
            await pause(_PAUSE)

    async def _print_pod(self, pod: BuildPod, *, follow: bool) -> None:
        for container in pod.containers:
            if container.has_begun and (pod.name, container.name) not in self._printed:
                self._printed.add((pod.name, container.name))
                await self._print(pod.name, container.name, follow=follow)

    async def _print(self, pod: str, container: str, *, follow: bool) -> None:
        sys.stdout.write(f"==> {container} ({pod}) <==\n")
        count = 0

        async def counted(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
            nonlocal count
            async for piece in pieces:
                count += len(piece)
                yield piece

        async with aclosing(self._cluster.log(pod, container, follow=follow)) as pieces:
            async for line in lines(counted(pieces)):
                sys.stdout.write(printable(line) + "\n")
                if follow:
                    sys.stdout.flush()
        if count >= LOG_LIMIT and not follow:
            warn(
                f"The log of container {container} is cut at {LOG_LIMIT >> 20} MiB:"
                f" `kubectl logs {pod} -c {container}` has all of it"
            )

    async def _pods(self) -> list[BuildPod]:
        return list(await self._cluster.pods(self._image, self._number))

    async def _is_under_way(self) -> bool:
        return (await self._build()).phase == BuildPhase.BUILDING

    async def _build(self) -> Build:
        return chosen_build(await self._cluster.image(self._image), self._number)

    async def _why_no_pod(self) -> str:
        build = await self._build()
        if build.phase == BuildPhase.BUILDING:
            return f"Build {build.number} has no pod yet: ask again, or wait for it with --follow"
        told = f": {build.message}" if build.message else ""
        again = (
            f". To see it again: `slipway rebuild {self._image}`, then `slipway logs {self._image} --follow`"
            if build.phase == BuildPhase.FAILED
            else ""
        )
        return (
            f"The Job of build {build.number} is gone, and its log with it: Jobs stay for an hour after their"
            " end, and not at all when they are cancelled or take too long. The build is"
            f" {build.phase}{told}{again}"
        )
