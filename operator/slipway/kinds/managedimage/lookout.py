"""Images that wait for others to be built: each is looked at again as soon as what it waits for is over.

What an image stands on directly wakes it by itself; a build further below wakes only what stands on that.
So of each image that waits it is known by which images, all the way down to the one that is built, its base
will soon be another. When one of these changes the wait is judged anew, and only its end wakes the image.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from slipway.engine.key import Key
from slipway.engine.store import Store
from slipway.engine.view import View
from slipway.kinds.managedimage.facts import KnownBase
from slipway.kinds.managedimage.pending import way_to_pending
from slipway.kinds.managedimage.view import KIND, ManagedImageView

__all__ = ["Lookout"]


class Lookout:
    """Whom each image that waits hangs on. In memory alone: after a restart every image is looked at.

    Args:
        store: tells of every change of a ManagedImage.
        wake: queues a key.
    """

    def __init__(self, store: Store, wake: Callable[[Key], None]) -> None:
        self._store = store
        self._wake = wake
        self._awaited: dict[Key, tuple[KnownBase, ...]] = {}
        self._hangs_on: dict[Key, frozenset[Key]] = {}
        self._waiting: dict[Key, set[Key]] = {}
        """By an image, who hangs on it."""
        store.follow(KIND, self._change)

    def wait(self, image: Key, bases: Iterable[KnownBase]) -> None:
        """An image waits for these bases, in place of those it waited for; none, and it waits no more."""
        self._awaited[image] = tuple(bases)
        self._look(image)

    def _change(self, old: View | None, new: View | None) -> None:
        view = new or old
        if view is not None and view.key in self._waiting and _matters(old, new):
            for image in sorted(self._waiting[view.key]):
                self._look(image)

    def _look(self, image: Key) -> None:
        """Find out anew whom an image hangs on; when it is nobody any more, it need not wait and is woken."""
        bases = self._awaited.pop(image)
        ways = [way_to_pending(image, base, self._store) for base in bases]
        hangs_on = frozenset(key for way in ways for key in way)
        self._relink(image, hangs_on)
        if hangs_on:
            self._awaited[image] = bases
        elif bases:
            self._wake(image)

    def _relink(self, image: Key, hangs_on: frozenset[Key]) -> None:
        before = self._hangs_on.pop(image, frozenset())
        if hangs_on:
            self._hangs_on[image] = hangs_on
        for key in before - hangs_on:
            self._waiting[key].discard(image)
            if not self._waiting[key]:
                del self._waiting[key]
        for key in hangs_on - before:
            self._waiting.setdefault(key, set()).add(image)


def _matters(old: View | None, new: View | None) -> bool:
    """Whether a change may end a wait: not where an image only goes on from one step to the next."""
    return _part(old) != _part(new)


def _part(view: View | None) -> tuple[object, ...]:
    if not isinstance(view, ManagedImageView):
        return ()
    return (view.is_busy, view.acts, view.builds, view.stands_on, view.offers, view.topics)
