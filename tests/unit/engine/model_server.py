"""An API server in plain Python, as far as the engine sees one: versions, lists in pages, a watch with gaps.

It is no Kubernetes: it has the few laws that the store, the intake and the resync rest on. One revision
counts all changes; a list shows one moment, however long it takes; the watch tells every change in order,
unless it was cut off; a restore brings back an older state with an older revision.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable
from dataclasses import dataclass, field, replace

from slipway.engine.key import Key
from slipway.engine.resync import Expired, Page
from tests.unit.engine.support import FakeView

PAGE = 2


@dataclass
class Snapshot:
    """What a backup of etcd holds."""

    revision: int
    objects: dict[Key, FakeView]


@dataclass
class ModelServer:
    """The objects, their revision, and the changes that the watch has not told yet."""

    revision: int = 10
    births: int = 0
    objects: dict[Key, FakeView] = field(default_factory=dict)
    untold: list[tuple[str, FakeView]] = field(default_factory=list)

    def create(
        self,
        name: Key,
        owner: Key | None = None,
        topics: tuple[Hashable, ...] = (),
        listens: tuple[Hashable, ...] = (),
    ) -> None:
        """A new object, or nothing when there is one of this name."""
        if name not in self.objects:
            self.births += 1
            uid = f"uid-{self.births}"
            self._store("ADDED", FakeView(name, uid, owner=owner, topics=topics, listens=listens))

    def change(self, name: Key, **fields: object) -> FakeView:
        """An object with other fields."""
        return self._store("MODIFIED", replace(self.objects[name], **fields))  # type: ignore[arg-type]

    def delete(self, name: Key) -> None:
        """An object is no more; like the real one, the watch tells it with the revision of its end."""
        view = self.objects.pop(name, None)
        if view is not None:
            self.revision += 1
            self.untold.append(("DELETED", replace(view, resource_version=self.revision)))

    def backup(self) -> Snapshot:
        """A copy of everything."""
        return Snapshot(self.revision, dict(self.objects))

    def restore(self, snapshot: Snapshot) -> None:
        """The state of a backup; the watch is cut off."""
        self.revision = snapshot.revision
        self.objects = dict(snapshot.objects)
        self.untold.clear()

    def _store(self, change: str, view: FakeView) -> FakeView:
        self.revision += 1
        view = replace(view, resource_version=self.revision)
        self.objects[view.key] = view
        self.untold.append((change, view))
        return view


@dataclass
class ModelLister:
    """Lists the model server; while each answer is on its way something may happen."""

    server: ModelServer
    meanwhile: Callable[[], None] = lambda: None
    expire_on_page: int | None = None
    gets: list[Key] = field(default_factory=list)

    async def pages(self, kind: str) -> AsyncIterator[Page]:
        """One moment of the server, in pages."""
        version = self.server.revision
        views = [view for view in self.server.objects.values() if view.key.kind == kind]
        self.meanwhile()
        for number in range(len(views) // PAGE + 1):
            if number == self.expire_on_page:
                raise Expired(kind)
            yield Page(views[number * PAGE : (number + 1) * PAGE], version)
            self.meanwhile()

    async def get(self, name: Key) -> FakeView | None:
        """The live object."""
        self.gets.append(name)
        live = self.server.objects.get(name)
        self.meanwhile()
        return live
