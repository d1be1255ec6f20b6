from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from slipway.build.turns.order import Line, Place, Priority, first_of
from slipway.engine.key import Key

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
LOW, NORMAL, HIGH, EMERGENCY = Priority


def key(name: str) -> Key:
    """An image of the namespace that its name begins with: `a1` is in `a`."""
    return Key("managedimages.slipway.dev", name[0], name)


def line(priority: Priority, *names: str, unserved: float = 0, since: float = 0) -> Line:
    """What a namespace waits for; the first has waited the longest."""
    places = [
        Place(NOW - since * HOUR + number * timedelta(seconds=1), key(name))
        for number, name in enumerate(names)
    ]
    return Line(names[0][0], priority, NOW - unserved * HOUR, places)


@pytest.mark.parametrize(
    ("lines", "running", "free", "want"),
    [
        pytest.param([], {}, 5, "", id="nobody waits"),
        pytest.param([line(NORMAL, "a1", "a2")], {}, 1, "a1", id="the oldest first"),
        pytest.param([line(NORMAL, "a1", "a2")], {}, 5, "a1 a2", id="as many as there are"),
        pytest.param([line(NORMAL, "a1")], {}, 0, "", id="no turn is left"),
        pytest.param([line(NORMAL, "a1")], {}, -3, "", id="more are taken than the limit"),
        pytest.param(
            [line(LOW, "a1"), line(HIGH, "b1"), line(NORMAL, "c1")], {}, 5, "b1 c1 a1", id="priority"
        ),
        pytest.param(
            [line(NORMAL, "a1", since=5), line(NORMAL, "b1")],
            {"a": 1},
            1,
            "b1",
            id="the namespace with the fewest turns before the oldest",
        ),
        pytest.param(
            [line(NORMAL, "a1", "a2", "a3", since=5), line(NORMAL, "b1", "b2")],
            {},
            4,
            "a1 b1 a2 b2",
            id="namespaces in their turn",
        ),
        pytest.param(
            [line(HIGH, "a1", "a2"), line(NORMAL, "b1")], {}, 2, "a1 a2", id="priority before namespaces"
        ),
        pytest.param(
            [line(NORMAL, "b1"), line(NORMAL, "a1")], {}, 1, "a1", id="by name where all else is equal"
        ),
        pytest.param(
            [line(EMERGENCY, "a1"), line(HIGH, "b1", since=9)], {"a": 9}, 1, "a1", id="emergencies first"
        ),
        pytest.param([line(EMERGENCY, "a1", "a2")], {}, 0, "a1", id="one emergency beyond the limit"),
        pytest.param(
            [line(EMERGENCY, "a1", "a2"), line(HIGH, "b1")], {}, 1, "a1 a2", id="one more than is free"
        ),
        pytest.param([line(EMERGENCY, "a1"), line(HIGH, "b1", "b2")], {}, 1, "a1", id="no other beyond it"),
        pytest.param([line(EMERGENCY, "a1")], {}, -1, "", id="none where that one is taken"),
        pytest.param(
            [line(LOW, "a1", unserved=1), line(NORMAL, "b1", "b2", since=-1)],
            {},
            1,
            "a1",
            id="an hour without a turn",
        ),
        pytest.param(
            [line(LOW, "a1", unserved=0.9), line(NORMAL, "b1")],
            {},
            1,
            "b1",
            id="less than an hour without one",
        ),
        pytest.param(
            [line(LOW, "a1", unserved=2, since=1), line(HIGH, "b1")],
            {},
            1,
            "a1",
            id="two hours without a turn",
        ),
        pytest.param(
            [line(LOW, "a1", "a2", unserved=2, since=9), line(NORMAL, "b1")],
            {},
            2,
            "a1 b1",
            id="a turn makes a line begin anew",
        ),
        pytest.param(
            [line(LOW, "a1", unserved=99), line(EMERGENCY, "b1")],
            {},
            1,
            "b1",
            id="waiting makes no emergency",
        ),
        pytest.param(
            [line(LOW, "a1", unserved=-5), line(LOW, "b1", since=-1)],
            {},
            1,
            "a1",
            id="the clock was put back",
        ),
    ],
)
def test_who_is_first(lines: list[Line], running: dict[str, int], free: int, want: str) -> None:
    assert " ".join(found.name for found in first_of(lines, running, free, NOW)) == want
