"""What a cascade promises, and the files it stands in."""

from __future__ import annotations

from typing import Final

from bench.cascade.cascade import Cascade
from bench.cascade.rollout import Rollouts
from bench.common.report import Promise, Report

__all__ = ["CASCADE", "ROLLOUT"]

_WALL: Final = 1.25
_WRITES: Final = 1.15

_NOTE: Final = "API server, etcd (with fsync), fake nodes, registry, git host and operator share the cores."

CASCADE: Final[Report[Cascade]] = Report(
    name="s10",
    title="S10: a push below 1,000 images in six levels, 50 builds at once, and 600 rollouts",
    column=lambda run: f"{run.images:,} images, {run.diamonds} diamonds",
    note=_NOTE,
    promises=(
        Promise("builds beyond one for each image", lambda run: run.once.builds - run.images + 1, ".0f", 0),
        Promise("images not proven by the registry", lambda run: run.once.unproven, ".0f", 0),
        Promise("API writes without Events", lambda run: sum(run.once.writes.values()), ".0f"),
        Promise(
            "by the floor of 3 statuses and a Job for each image and 2 for each rollout",
            lambda run: sum(run.once.writes.values()) / run.floor_writes,
            ".3f",
            _WRITES,
        ),
        Promise("writes that were refused", lambda run: run.once.refused, ".0f"),
        Promise("Events", lambda run: run.once.events, ".0f"),
        Promise("API reads", lambda run: sum(run.once.reads.values()), ".0f"),
        Promise("CPU of the operator, s", lambda run: run.once.cpu_seconds, ".1f", 40),
        Promise("one such Job alone, s", lambda run: run.job_seconds, ".2f"),
        Promise("until all are built and patched, s", lambda run: run.once.built_seconds, ".1f"),
        Promise(
            "by the rounds that it takes at least, of Jobs alone",
            lambda run: run.once.built_seconds / run.floor_seconds,
            ".2f",
            _WALL,
        ),
        Promise(
            "as many Jobs alone, without operator and images, s", lambda run: run.jobs_alone_seconds, ".1f"
        ),
        Promise("by as many Jobs alone", lambda run: run.once.built_seconds / run.jobs_alone_seconds, ".2f"),
        Promise("until all rollouts are complete, s", lambda run: run.once.seconds, ".1f"),
        Promise(
            "pushed again in mid-wave: builds by images",
            lambda run: run.twice.builds / (run.images - 1),
            ".2f",
            2,
        ),
        Promise("then not proven by the registry", lambda run: run.twice.unproven, ".0f", 0),
        Promise("then API writes", lambda run: sum(run.twice.writes.values()), ".0f"),
        Promise("then CPU of the operator, s", lambda run: run.twice.cpu_seconds, ".1f"),
        Promise("then until all rollouts are complete, s", lambda run: run.twice.seconds, ".1f"),
        Promise("first builds of all: API writes", lambda run: sum(run.enrolled.writes.values()), ".0f"),
        Promise("first builds of all: CPU of the operator, s", lambda run: run.enrolled.cpu_seconds, ".1f"),
        Promise("first builds of all, s", lambda run: run.enrolled.seconds, ".1f"),
        Promise("highest RSS, MB", lambda run: run.peak_rss, ".1f"),
        Promise("load of the machine before", lambda run: run.load_before, ".2f"),
    ),
)

ROLLOUT: Final[Report[Rollouts]] = Report(
    name="s3",
    title="S3: from the request on the Warehouse of a base to the rollout of the one image on it",
    column=lambda run: f"{run.pushes} pushes",
    note=_NOTE,
    promises=(
        Promise("besides build and pod start, median, s", lambda run: run.overhead_median, ".2f", 0.7),
        Promise("95th percentile, s", lambda run: run.overhead_high, ".2f", 2),
        Promise("all, median, s", lambda run: run.seconds_median, ".2f"),
        Promise("build, median, s", lambda run: run.building_median, ".2f"),
        Promise("pod start, median, s", lambda run: run.starting_median, ".2f"),
        Promise("API writes without Events, by push", lambda run: run.writes_each, ".2f", 9),
        Promise("load of the machine before", lambda run: run.load_before, ".2f"),
    ),
)
