"""Kopf as the ear of the operator: it watches, we parse and hand over, and that is all that happens here.

Kopf runs in a thread and an event loop of its own. In ours it would take our signal handlers, and at its exit
it cancels every task that was created after its start::

    API server ──watch──▶ Kopf's thread: news? parse ──▶ handover ──▶ main loop: store, queue
                             ▲                                                      │
                             └──────────── the version to watch from ◀── resync: list
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import kopf
from typing_extensions import override

from slipway.engine.handover import Handover
from slipway.engine.key import Key
from slipway.engine.store import Store
from slipway.engine.view import View
from slipway.kube.connection import Connection
from slipway.kube.echoes import EchoFilter
from slipway.kube.watch_start import WatchStart
from slipway.kube.watched import Watched

__all__ = ["Ear", "EarStopped"]

_Event: TypeAlias = Mapping[str, Any]

_CHANGES = frozenset({"ADDED", "MODIFIED", "DELETED"})
"""What an event tells of an object; others tell of the stream."""

_GATHER = 0.02
"""Seconds in which news is gathered before it is handed over: each wake-up of the other thread costs both."""

_CHECK = 2.0
"""Seconds between two looks at whether all watches are still there."""

_PATIENCE = 4.0
"""Seconds that Kopf has to end; then it is left behind, since its thread does not keep the process alive."""


class EarStopped(Exception):  # noqa: N818  # it tells what happened
    """Kopf ended without being asked to: the operator is deaf and has to be started anew."""


class Ear:
    """Hears of every change of the watched objects, from `start` to `stop`."""

    def __init__(
        self,
        watched: Sequence[Watched],
        handover: Handover,
        store: Store,
        begin_watch: Callable[[str], Coroutine[Any, Any, int]],
        *,
        kubeconfig: Path | None = None,
    ) -> None:
        """Listen to these kinds in all namespaces, and hand over what is heard.

        Args:
            watched: the kinds.
            handover: to the main loop; called in Kopf's thread.
            store: what is known already; only looked up, and that in Kopf's thread too.
            begin_watch: `Resync.begin_watch`, called in the main loop.
            kubeconfig: as for `Connection.load`.
        """
        self._watched = watched
        self._by_path = {kind.resource.path(): kind for kind in watched}
        self._handover = handover
        self._store = store
        self._begin_watch = begin_watch
        self._gathered: list[tuple[View, bool]] = []
        self._kubeconfig = kubeconfig
        self._thread = threading.Thread(target=self._run, name="kopf", daemon=True)
        self._stopping = False
        self._stop: Callable[[], None] | None = None
        self._main: asyncio.AbstractEventLoop | None = None
        self._ended: asyncio.Future[None] | None = None

    def start(self) -> None:
        """Begin to listen; call it in the main loop, once."""
        self._main = asyncio.get_running_loop()
        self._ended = self._main.create_future()
        self._thread.start()

    async def ended(self) -> None:
        """Wait until Kopf has ended.

        Raises:
            EarStopped: when nobody asked it to.
        """
        if self._ended is not None:
            await asyncio.shield(self._ended)

    async def stop(self) -> None:
        """Ask Kopf to end and wait for it."""
        self._stopping = True
        if self._stop is not None:
            with contextlib.suppress(RuntimeError):  # its loop is closed: it ended by itself
                self._stop()
        with contextlib.suppress(EarStopped, TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await self.ended()

    # --- in Kopf's thread

    def _run(self) -> None:
        try:
            asyncio.run(self._listen())
        except BaseException as error:  # noqa: BLE001  # whatever ended it, the main loop has to learn of it
            self._report(error)
        else:
            self._report(None)

    def _report(self, error: BaseException | None) -> None:
        if self._main is not None:
            with contextlib.suppress(RuntimeError):  # the main loop is closed: nobody waits any more
                self._main.call_soon_threadsafe(self._conclude, error)

    async def _listen(self) -> None:
        loop, stop_flag = asyncio.get_running_loop(), asyncio.Event()
        self._stop = lambda: _set_soon(loop, stop_flag)
        if self._stopping:
            return
        # Before Kopf: it takes every task that is younger than itself for its own and waits for it.
        guard = asyncio.create_task(self._guard_watches())
        await kopf.operator(
            registry=self._registry(),
            settings=_settings(self._watched),
            standalone=True,
            clusterwide=True,
            stop_flag=stop_flag,
        )
        guard.cancel()

    async def _guard_watches(self) -> None:
        """Report when a watch is missing: a Kopf that lost one may hang for ever instead of ending."""
        strikes, complete = 0, False
        while strikes < 2:
            await asyncio.sleep(_CHECK)
            watches = sum(task.get_name().startswith("watcher for ") for task in asyncio.all_tasks())
            complete = complete or watches == len(self._watched)
            # None at all is how it begins, before the API server has told what it serves.
            strikes = strikes + 1 if watches != len(self._watched) and (watches or complete) else 0
        there = "`kubectl get crds` shows whether a kind is gone"
        msg = f"{watches} of {len(self._watched)} watches are left: {there}"
        self._report(RuntimeError(msg))

    def _registry(self) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry, errors=kopf.ErrorsMode.TEMPORARY, backoff=5)(self._login)
        for kind in self._watched:
            self._register(registry, kind)
        return registry

    async def _login(self, **_: Any) -> kopf.AiohttpSession:
        connection = await Connection.load(self._kubeconfig)
        session = connection.session(
            await connection.headers(),
            (
                WatchStart(self._version_for),
                EchoFilter(self._is_news_at, self._is_under_way, self._takes),
            ),
        )
        return kopf.AiohttpSession(server=connection.server, aiohttp_session=session)

    def _register(self, registry: kopf.OperatorRegistry, kind: Watched) -> None:
        async def on_event(event: _Event, **_: Any) -> None:
            self._hear(kind, event)

        # With its group: a bare "deployments" would be both Kubernetes' own kind and ours.
        where = (kind.resource.group, kind.resource.version, kind.resource.plural)
        kopf.on.event(*where, id=kind.resource.plural, registry=registry)(on_event)

    def _version_for(self, path: str) -> Awaitable[int] | None:
        """The version from which to watch the collection of this path, asked of the main loop."""
        kind = self._by_path.get(path)
        if kind is None or self._main is None:
            return None
        begun = self._begin_watch(kind.resource.key_kind)
        return asyncio.wrap_future(asyncio.run_coroutine_threadsafe(begun, self._main))

    def _is_news_at(self, path: str, event: _Event) -> bool:
        """Whether the engine does not know just this version of the object."""
        known = self._known_at(path, event)
        metadata = event["object"].get("metadata") or {}
        return known is None or (known.uid, str(known.resource_version)) != (
            metadata.get("uid"),
            metadata.get("resourceVersion"),
        )

    def _is_under_way(self, path: str, event: _Event) -> bool:
        """Whether the answer to a write of ours may be about to tell the same."""
        known = self._known_at(path, event)
        return known is not None and self._store.is_writing(known.key)

    def _known_at(self, path: str, event: _Event) -> View | None:
        """The newest view of the object that was changed; None where the event tells something else."""
        kind = self._by_path.get(path)
        if kind is None or event["type"] not in {"ADDED", "MODIFIED"}:
            return None
        metadata = event["object"]["metadata"]
        return self._store.get(Key(kind.resource.key_kind, metadata.get("namespace") or "", metadata["name"]))

    def _takes(self, path: str, event: _Event) -> bool:
        """Hear of a change of a child right here: most events are of children, and need nothing of Kopf."""
        kind = self._by_path.get(path)
        if kind is None or not kind.children_only or event["type"] not in _CHANGES:
            return False
        self._hear(kind, event)
        return True

    def _hear(self, kind: Watched, event: _Event) -> None:
        view = kind.view(event["object"])
        if view is None:
            return
        if not self._gathered:
            asyncio.get_running_loop().call_later(_GATHER, self._hand_over)
        self._gathered.append((view, event["type"] == "DELETED"))

    def _hand_over(self) -> None:
        gathered, self._gathered = self._gathered, []
        for view, gone in gathered:
            if gone:
                self._handover.forget(view.key, view.uid, view.resource_version)
            else:
                self._handover.observe(view)

    # --- in the main loop

    def _conclude(self, error: BaseException | None) -> None:
        if self._ended is None or self._ended.done():
            return
        if self._stopping:
            self._ended.set_result(None)
            return
        stopped = EarStopped(f"Kopf ended unasked: {error!r}")
        stopped.__cause__ = error
        self._ended.set_exception(stopped)


def _set_soon(loop: asyncio.AbstractEventLoop, flag: asyncio.Event) -> None:
    loop.call_soon_threadsafe(flag.set)


def _settings(watched: Sequence[Watched]) -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    # Kopf takes its finalizer off every object that it hears of; the default one may be of another operator.
    settings.persistence.finalizer = "slipway.dev/never-set"
    settings.scanning.disabled = True
    # What Kopf lists is thrown away, see `slipway.kube.watch_start`.
    settings.watching.chunk_size = 1
    settings.watching.reconnect_backoff = 1.0
    settings.queueing.worker_limit = None
    # A worker keeps its task for this long after its object's last event.
    settings.queueing.idle_timeout = 0.1
    settings.queueing.exit_timeout = 1.0
    settings.networking.request_timeout = 30.0
    settings.networking.error_backoffs = _Backoffs()
    # For handlers that we have none of, Kopf would compare each object with its former self: these are cheap.
    settings.persistence.diffbase_storage = _NoDiffBase()
    settings.persistence.progress_storage = kopf.StatusProgressStorage()
    for kind in watched:
        if kind.label_selector:
            where = (kind.resource.group, kind.resource.version, kind.resource.plural)
            settings.watching.label_selectors[where] = kind.label_selector
    return settings


class _Backoffs:
    """Seconds between repeated requests, without end: at an end Kopf gives up, and the operator with it."""

    def __iter__(self) -> Iterator[float]:
        ceiling = 1.0
        while True:
            yield random.uniform(ceiling / 2, ceiling)  # noqa: S311  # spreads requests, guards no secret
            ceiling = min(ceiling * 2, 30.0)


class _NoDiffBase(kopf.DiffBaseStorage):
    """Kopf compares each object with its former self, for handlers that we have none of; not here."""

    @override
    def build(self, **_: Any) -> kopf.BodyEssence:
        return {}

    @override
    def fetch(self, **_: Any) -> None:
        return None

    @override
    def store(self, **_: Any) -> None:
        return None
