from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from slipway.oci.cache import RegistryCache
from tests.unit.oci.cache.support import HOST, REPOSITORY, digest, image

WRITER = """
import asyncio, sys
from pathlib import Path
from slipway.oci.cache import RegistryCache
from tests.unit.oci.cache.support import HOST, REPOSITORY, digest, image

async def write() -> None:
    cache = RegistryCache.open(Path(sys.argv[1]))
    number = 0
    while True:
        cache.record_image(image(str(number)))
        cache.record_tag(HOST, REPOSITORY, f"v{number}", digest(str(number)), "alice")
        if number % 100 == 0:
            await cache.counts()
            print(number, flush=True)
        number += 1

asyncio.run(write())
"""


@contextmanager
def writing(path: Path) -> Iterator[int]:
    """Another process that writes until it is killed; gives the number of a row that is surely there."""
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": ":".join(sys.path)}
    ) as other:
        assert other.stdout is not None
        try:
            other.stdout.readline()
            yield int(other.stdout.readline())
        finally:
            other.kill()


async def knows(cache: RegistryCache, number: int) -> bool:
    cache.record_seen(HOST, REPOSITORY, digest(str(number)), "alice")
    found = await cache.image(HOST, REPOSITORY, digest(str(number)), "alice")
    assert found is None or found == image(str(number))
    tag = await cache.fresh_tag(HOST, REPOSITORY, f"v{number}", "alice")
    return found is not None and tag is not None and tag.digest == digest(str(number))


async def test_what_another_process_wrote_is_known_while_it_writes_and_after_it_was_killed(
    tmp_path: Path,
) -> None:
    path = tmp_path / "cache.db"

    with writing(path) as written:
        async with RegistryCache.open(path) as cache:
            assert await knows(cache, written)
            cache.record_image(image("ours"))
            assert (await cache.counts()).has_file

    async with RegistryCache.open(path) as cache:
        assert await knows(cache, written)
        cache.record_seen(HOST, REPOSITORY, digest("ours"), "bob")
        assert await cache.image(HOST, REPOSITORY, digest("ours"), "bob") == image("ours")
        assert (await cache.counts()).has_file
