"""The one directory that holds everything of one cluster, and what is written there about it."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

__all__ = ["ClusterOptions", "ClusterRecord", "StateDirectory", "StateInUse"]


class StateInUse(RuntimeError):  # noqa: N818 - the name is the sentence
    """Another supervisor works in this directory."""


@dataclass(frozen=True, slots=True)
class ClusterOptions:
    """What may differ between two clusters."""

    watch_cache: bool = True
    """False: the API server answers every list and watch from etcd, so a compaction gives 410 at once."""
    durable_etcd: bool = False
    """True: etcd with fsync and its default election times, for benchmarks; starts about a second slower."""
    nodes: int = 2
    """Fake nodes, each with room for 1,000 pods; without one there is no KWOK."""
    real_node: bool = False
    """True: a node with kubelet and containerd, in a network namespace; needs root, one per machine."""
    ready_delay: float = 0.2
    """Seconds from scheduling to Ready; a pod's label `slipway.dev/ready-after` (`5s`) overrides it."""
    job_run_time: float = 0.5
    """Seconds that a Job's pod runs; a pod's label `slipway.dev/run-time` (`2s`) overrides it."""
    owned: bool = True
    """True: the cluster ends when its starter ends. False: it lives until `down`."""

    def write(self, path: Path) -> None:
        """Store these options as JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self)))

    @classmethod
    def read(cls, path: Path) -> ClusterOptions:
        """The options that `write` stored."""
        return cls(**json.loads(path.read_text()))


@dataclass(frozen=True, slots=True)
class ClusterRecord:
    """What a supervisor tells about its cluster."""

    supervisor: int
    """Process id."""
    server: str
    """URL of the API server."""
    etcd: str
    """URL of etcd's client port."""
    registry: str
    """Host and port of the registry, as it stands in image references."""
    processes: dict[str, int]
    """Process ids by component name."""


@dataclass(frozen=True, slots=True)
class StateDirectory:
    """Paths below the state directory of one cluster."""

    root: Path

    @property
    def options(self) -> Path:
        """`ClusterOptions` as JSON, written by the starter."""
        return self.root / "options.json"

    @property
    def lock(self) -> Path:
        """Locked by the supervisor as long as it lives."""
        return self.root / "supervisor.lock"

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig of a cluster administrator."""
        return self.root / "kubeconfig"

    @property
    def plain_kubeconfig(self) -> Path:
        """The kubeconfig of user `dev` in group `devs`, who may do nothing that nobody has granted."""
        return self.root / "dev.kubeconfig"

    @property
    def certificates(self) -> Path:
        """Keys, certificates and the kubeconfigs of the components."""
        return self.root / "pki"

    @property
    def audit_log(self) -> Path:
        """The API server's audit log, one JSON object per line."""
        return self.root / "audit.log"

    @property
    def registry(self) -> Path:
        """Data and configuration of the registry."""
        return self.root / "registry"

    @property
    def node(self) -> Path:
        """What the real node keeps: images, containers, logs of pods, configuration."""
        return self.root / "node"

    @property
    def failure(self) -> Path:
        """Why the cluster ended by itself; absent while all is well."""
        return self.root / "failure.txt"

    def log(self, component: str) -> Path:
        """Where a component's output goes."""
        return self.root / "logs" / f"{component}.log"

    def supervisor(self) -> int | None:
        """The process id of the supervisor that lives here; None when there is none."""
        try:
            handle = self.lock.open("r+")
        except FileNotFoundError:
            return None
        with handle:
            if _try_lock(handle):
                return None
            return int(handle.read() or 0) or None

    @contextmanager
    def supervised(self) -> Iterator[None]:
        """Be the supervisor of this directory.

        Raises:
            StateInUse: another process is.
        """
        with self.lock.open("a+") as handle:
            if not _try_lock(handle):
                msg = f"another supervisor works in {self.root}"
                raise StateInUse(msg)
            handle.truncate(0)
            handle.write(str(os.getpid()))
            handle.flush()
            yield

    def write_record(self, record: ClusterRecord) -> None:
        """Publish the record; a reader sees the whole of it or nothing."""
        draft = self.root / "cluster.json.new"
        draft.write_text(json.dumps(dataclasses.asdict(record), indent=2))
        draft.rename(self.root / "cluster.json")

    def read_record(self) -> ClusterRecord | None:
        """What the supervisor published; None before the cluster was ready once."""
        try:
            return ClusterRecord(**json.loads((self.root / "cluster.json").read_text()))
        except FileNotFoundError:
            return None


def _try_lock(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
