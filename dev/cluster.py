"""A real Kubernetes cluster in a few seconds.

```python
with Cluster.start() as cluster:  # gone when this process is gone
    print(cluster.kubectl("get", "nodes"))
```
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Self

from dev import etcd, registry, tools
from dev.api import KubeApi
from dev.audit import AuditLog
from dev.cache import PROJECT
from dev.kubeconfig import Kubeconfig
from dev.launch import ClusterFailed, down, start_detached, start_owned, stop_owned
from dev.relay import Relay
from dev.state import ClusterOptions, ClusterRecord, StateDirectory

__all__ = ["Cluster", "ClusterFailed", "NotProvided", "named_state"]


class NotProvided(RuntimeError):  # noqa: N818 - the name is the sentence
    """An existing cluster lacks something that only a cluster of the test bed has."""


def named_state(name: str) -> StateDirectory:
    """The state directory of a cluster that lives until `down`: `.slipway/<name>` in this checkout."""
    return StateDirectory(PROJECT / ".slipway" / name)


class Cluster:
    """A running cluster; made by `start`, `up`, `attach` or `existing`.

    Attributes:
        kubeconfig: path of an administrator's kubeconfig.
        registry_host: host and port of its registry, as it stands in image references.
        api: the Kubernetes API as that administrator.
    """

    def __init__(
        self,
        kubeconfig: Path,
        registry_host: str,
        *,
        state: StateDirectory | None = None,
        record: ClusterRecord | None = None,
        close: Callable[[], object] = lambda: None,
    ) -> None:
        self.kubeconfig = kubeconfig
        self.registry_host = registry_host
        self.api = KubeApi.at(kubeconfig)
        self._state = state
        self._record = record
        self._close = close

    @classmethod
    def start(
        cls, options: ClusterOptions | None = None, report: Callable[[str], None] = lambda _: None
    ) -> Self:
        """Bring up a cluster that ends with `stop`, or with this process, however that ends.

        `report` hears of each step that is done.

        Raises:
            ClusterFailed: it did not come up.
        """
        state = StateDirectory(Path(tempfile.mkdtemp(prefix="slipway-cluster-")))
        try:
            supervisor = start_owned(state, replace(options or ClusterOptions(), owned=True), report)
        except BaseException:
            shutil.rmtree(state.root, ignore_errors=True)
            raise
        return cls._of(state, lambda: stop_owned(supervisor, state))

    @classmethod
    def up(
        cls,
        state: StateDirectory,
        options: ClusterOptions | None = None,
        report: Callable[[str], None] = lambda _: None,
    ) -> Self:
        """Bring up a cluster that outlives this process, until `down`; one that is up already is kept.

        Raises:
            ClusterFailed: it did not come up, or is being brought up by somebody else.
        """
        if state.supervisor() is None:
            shutil.rmtree(state.root, ignore_errors=True)
            state.root.mkdir(parents=True)
            start_detached(state, replace(options or ClusterOptions(), owned=False), report)
        return cls.attach(state)

    @classmethod
    def attach(cls, state: StateDirectory) -> Self:
        """The cluster that runs in this state directory.

        Raises:
            ClusterFailed: there is none, or it is not ready yet.
        """
        if state.supervisor() is None or state.read_record() is None:
            msg = f"no cluster is ready in {state.root}"
            raise ClusterFailed(msg)
        return cls._of(state, lambda: down(state))

    @classmethod
    def wanted(cls, report: Callable[[str], None] = lambda _: None) -> Self:
        """The cluster that the user wants: the one that `SLIPWAY_TEST_KUBECONFIG` names, else a new one.

        Raises:
            ClusterFailed: the new one did not come up.
        """
        named = os.environ.get("SLIPWAY_TEST_KUBECONFIG")
        return cls.existing(Path(named)) if named else cls.start(report=report)

    @classmethod
    def existing(cls, kubeconfig: Path) -> Self:
        """A cluster that somebody else runs (kind, k3d, a cloud), with a registry of ours on loopback."""
        beside = registry.Registry()
        beside.start()
        return cls(kubeconfig, beside.host, close=beside.close)

    @classmethod
    def _of(cls, state: StateDirectory, close: Callable[[], object]) -> Self:
        record = state.read_record()
        if record is None:
            msg = f"the cluster in {state.root} has gone"
            raise ClusterFailed(msg)
        return cls(state.kubeconfig, record.registry, state=state, record=record, close=close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the cluster and remove its state; an existing one is left alone."""
        self.api.close()
        self._close()
        self._close = lambda: None

    @property
    def is_ours(self) -> bool:
        """Whether the test bed runs it; else it has neither audit log, etcd, fake nodes nor relay."""
        return self._record is not None

    @property
    def record(self) -> ClusterRecord:
        """Process ids and addresses.

        Raises:
            NotProvided: an existing cluster.
        """
        if self._record is None:
            msg = "an existing cluster does not show its processes"
            raise NotProvided(msg)
        return self._record

    @property
    def state(self) -> StateDirectory:
        """Where its logs are.

        Raises:
            NotProvided: an existing cluster.
        """
        if self._state is None:
            msg = "an existing cluster has no state directory here"
            raise NotProvided(msg)
        return self._state

    @property
    def plain_kubeconfig(self) -> Path:
        """Kubeconfig of user `dev`, who may do only what a test grants.

        Raises:
            NotProvided: an existing cluster.
        """
        return self.state.plain_kubeconfig

    @property
    def registry_url(self) -> str:
        """URL of its registry."""
        return f"http://{self.registry_host}"

    @cached_property
    def audit(self) -> AuditLog:
        """Every request that was made to the API server.

        Raises:
            NotProvided: an existing cluster.
        """
        return AuditLog(self.state.audit_log, lambda text: self.api.get(f"/version?{text}"))

    def compact(self) -> int:
        """Make etcd forget all history; watches from before get 410. The newest revision.

        Raises:
            NotProvided: an existing cluster.
        """
        return etcd.compact(self.record.etcd)

    def relay(self) -> Relay:
        """A new relay to the API server, not started yet; `kubeconfig_through` leads clients through it."""
        host, _, port = self.record.server.removeprefix("https://").partition(":")
        return Relay(host, int(port))

    def kubeconfig_through(self, relay: Relay, path: Path) -> Path:
        """Write a kubeconfig that goes through a relay."""
        Kubeconfig.read(self.kubeconfig).through(f"https://127.0.0.1:{relay.port}").write(path)
        return path

    def kubectl(self, *arguments: str, stdin: str | None = None, kubeconfig: Path | None = None) -> str:
        """Run kubectl, as administrator unless a kubeconfig is given, and return what it prints.

        Raises:
            subprocess.CalledProcessError: it failed; standard error is in its notes.
        """
        command = [str(tools.kubectl()), f"--kubeconfig={kubeconfig or self.kubeconfig}", *arguments]
        answer = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            error = subprocess.CalledProcessError(answer.returncode, command, answer.stdout, answer.stderr)
            error.add_note(answer.stderr)
            raise error
        return answer.stdout

    def environment(self) -> dict[str, str]:
        """What a shell needs to use the cluster: kubeconfig, registry, and kubectl and helm on PATH."""
        tool_directory = tools.kubectl().parent
        return {
            "KUBECONFIG": str(self.kubeconfig),
            "SLIPWAY_REGISTRY": self.registry_host,
            "PATH": f"{tool_directory}:{os.environ.get('PATH', '')}",
        }
