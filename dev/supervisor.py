"""The one process that owns a cluster's processes: `python -m dev.supervisor STATE_DIRECTORY`.

It starts them from its main thread with a parent-death signal and holds the lock on their ports. It ends,
and they with it, on a signal, when a component ends by itself, and, for a cluster that is owned, when its
standard input is closed, which the kernel does for an owner that gets killed. A killed supervisor leaves no
process either: the kernel kills its children.

To its starter it tells its progress on standard output, one JSON object per line: `{"step": ...}` for each
thing that is ready, at last `{"ready": true}` or `{"failed": ...}`.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

from dev import ports
from dev.binaries import binaries
from dev.bringup import BringUp
from dev.children import Children, ComponentEnded, TimeToGo
from dev.components import Layout, Place, Ports
from dev.launch import components_of
from dev.needs import MissingNeeds
from dev.node.bringup import RealNode
from dev.node.components import NodeLayout
from dev.node.grounds import grounds
from dev.state import ClusterOptions, ClusterRecord, StateDirectory

__all__ = ["main", "supervise"]

_PORT_COUNT = len(Ports.__dataclass_fields__)


def supervise(state: StateDirectory) -> int:
    """Bring the cluster of this state directory up and keep it until its end; the exit code.

    The state directory is removed at an asked-for end, and kept when the cluster broke.
    """
    options = ClusterOptions.read(state.options)
    try:
        with ExitStack() as stack:
            _keep_up(state, options, stack)
    except TimeToGo:
        shutil.rmtree(state.root, ignore_errors=True)
        return 0
    except (ComponentEnded, MissingNeeds) as error:
        state.failure.write_text(str(error))
        _tell({"failed": str(error)})
        return 1
    return 0


def _keep_up(state: StateDirectory, options: ClusterOptions, stack: ExitStack) -> NoReturn:
    """Bring everything up and stay; the stack ends it."""
    numbers = Ports(*stack.enter_context(ports.reserved(_PORT_COUNT)))
    place = stack.enter_context(grounds(state, numbers)) if options.real_node else Place()
    children = stack.enter_context(Children(state, owned=options.owned))
    layout = Layout(binaries(components_of(options)), state, numbers, options, place)
    BringUp(layout, children, _tell_step).run()
    if options.real_node:
        stack.enter_context(RealNode(NodeLayout(layout), children, _tell_step)).run()
    state.write_record(_record(layout, children))
    _tell({"ready": True})
    children.forever()


def _tell_step(step: str) -> None:
    _tell({"step": step})


def _record(layout: Layout, children: Children) -> ClusterRecord:
    return ClusterRecord(
        supervisor=os.getpid(),
        server=layout.server,
        etcd=layout.etcd_url,
        registry=layout.registry_host,
        processes=children.pids,
    )


def _tell(message: dict[str, object]) -> None:
    # The starter of a detached cluster is long gone when a component ends.
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
    except OSError:
        return


def _leave_the_starter() -> None:
    # As the child of nobody: a starter that lives on need not wait for it at its end.
    if os.fork() != 0:
        os._exit(0)
    os.setsid()


def main() -> None:
    """Supervise the directory given as the only argument."""
    state = StateDirectory(Path(sys.argv[1]))
    if not ClusterOptions.read(state.options).owned:
        _leave_the_starter()
    with state.supervised():
        code = supervise(state)
    sys.stdout = None  # a broken pipe would be reported at exit
    sys.exit(code)


if __name__ == "__main__":
    main()
