from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest

from slipway.api.conditions import Reason
from slipway.engine.key import Key
from slipway.engine.outcome import EventNote, Settled
from slipway.engine.reconcile import Observed, Plan
from slipway.kinds.context import Context
from slipway.kinds.registry.apply import apply
from slipway.kinds.registry.decide import Facts
from slipway.kinds.registry.pullsecret import DeletePullSecret, PullSecretAction, WritePullSecret
from tests.unit.engine.support import START

OWNER = Observed(Key("registries.slipway.dev", "shop", "acme"), "u1", "7", 3, None, b"", {}, START)
BEFORE = EventNote(Reason.CONNECTED, "the registry answers", action="Test")
BODY = {"metadata": {"name": "acme-pull"}, "data": {".dockerconfigjson": "aHVudGVyMg=="}}


@dataclass
class Children:
    """Notes what is done, or refuses it."""

    refuses: bool = False
    done: list[tuple[str, Any, Any]] = field(default_factory=list)

    async def ensure(self, owner: Any, _: Any, body: Any, *, live: Any) -> None:
        """Write."""
        self._do("ensure", owner, (body, live))

    async def delete(self, owner: Any, _: Any, live: Mapping[str, Any]) -> None:
        """Remove."""
        self._do("delete", owner, live)

    def _do(self, verb: str, owner: Any, what: Any) -> None:
        if self.refuses:
            msg = "the API server is gone"
            raise ConnectionError(msg)
        self.done.append((verb, owner, what))


@dataclass
class Kept:
    """The collaborators that are asked for."""

    children: Children


def plan(action: PullSecretAction | None) -> Plan[PullSecretAction | None]:
    """A plan that has something to tell already."""
    return Plan({"phase": "Connected"}, Settled(Reason.CONNECTED, "", timedelta(1)), action, (BEFORE,))


async def carried_out(action: PullSecretAction | None, children: Children) -> Plan[PullSecretAction | None]:
    """What becomes of the plan."""

    @dataclass
    class Seen:
        observed: Observed

    return await apply(cast("Context", Kept(children)), cast("Facts", Seen(OWNER)), plan(action))


@pytest.mark.parametrize("live", [None, {"metadata": {"name": "acme-pull", "uid": "s1"}}])
async def test_a_secret_is_written_over_what_was_seen_and_told(live: Mapping[str, Any] | None) -> None:
    """With what was seen of it, so that one which changed since then is not overwritten unseen."""
    children = Children()

    done = await carried_out(WritePullSecret(BODY, live), children)

    assert children.done == [("ensure", OWNER, (BODY, live))]
    assert [note.reason for note in done.events] == [Reason.CONNECTED, Reason.PULL_SECRET_UPDATED]
    assert "acme-pull" in done.events[-1].message
    assert "aHVudGVyMg" not in done.events[-1].message


async def test_a_secret_that_nobody_wants_is_removed_and_told() -> None:
    """The very one that was seen."""
    children, live = Children(), {"metadata": {"name": "acme-pull", "uid": "s1", "resourceVersion": "9"}}

    done = await carried_out(DeletePullSecret(live), children)

    assert children.done == [("delete", OWNER, live)]
    assert done.events[-1].message == "Secret acme-pull was removed"


async def test_nothing_to_do_is_nothing_to_tell() -> None:
    """The plan stays what it is."""
    children = Children()

    assert await carried_out(None, children) == plan(None)
    assert children.done == []


async def test_what_fails_is_not_told_as_done() -> None:
    """The status is not written either: the next run does it again."""
    with pytest.raises(ConnectionError):
        await carried_out(WritePullSecret(BODY, None), Children(refuses=True))
