"""Stands in for the runners of a CI system: takes the runs of a fake one and pushes what they would."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from dev.bakery import push_build
from dev.image_composer import MadeImage
from slipway.build.rebase.documents import BASE_DIGEST, BASE_NAME
from tests.support.ci.fake import FakeCi

__all__ = ["Runner"]


@dataclass
class Runner:
    """Works until the end of the block."""

    fake: FakeCi
    registry_url: str
    bases: dict[str, MadeImage] = field(default_factory=dict)
    """What may be built on, by digest."""

    label: str | None = None
    """The base that results are labelled with; without it they say nothing."""

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
                    self._push(run.inputs)
                    self.fake.words(run, "succeeded")

    def _push(self, inputs: Mapping[str, str]) -> None:
        """Push what a run would; on the newest base where it is told none."""
        wanted = [*json.loads(inputs["slipway_bases"]).values()]
        digest = wanted[0] if wanted else [*self.bases][-1]
        labels = {} if self.label is None else {BASE_NAME: self.label, BASE_DIGEST: digest}
        content, reference = inputs["slipway_key"], inputs["slipway_image"]
        asyncio.run(push_build(self.registry_url, reference, self.bases[digest], content, labels))
