"""Stands in for the runners of a CI system: takes the runs of a fake one and pushes what they would."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import dataclass, field
from typing import Self

from dev.image_composer import MadeImage
from tests.cluster.kinds.managedimage.bakery import push_build
from tests.support.ci.fake import FakeCi

__all__ = ["Runner"]


@dataclass
class Runner:
    """Works until the end of the block."""

    fake: FakeCi
    registry_url: str
    bases: dict[str, MadeImage] = field(default_factory=dict)
    """What may be built on, by digest."""

    is_free: threading.Event = field(default_factory=threading.Event)
    """Cleared while runs stay queued."""

    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.is_free.set()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def add(self, base: MadeImage) -> MadeImage:
        """Make a base known."""
        self.bases[base.digest] = base
        return base

    def _work(self) -> None:
        done: set[int] = set()
        while not self._over.wait(0.05):
            for run in tuple(self.fake.runs):
                if self.is_free.is_set() and run.number not in done and not run.cancelled:
                    done.add(run.number)
                    (digest,) = json.loads(run.inputs["slipway_bases"]).values()
                    content = run.inputs["slipway_key"]
                    reference = run.inputs["slipway_image"]
                    asyncio.run(push_build(self.registry_url, reference, self.bases[digest], content))
                    self.fake.words(run, "succeeded")
