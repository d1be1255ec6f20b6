from __future__ import annotations

import threading

import pytest

from slipway.kinds.warehouse.questions import Answer, Question, Resolve
from slipway.kinds.warehouse.subscriptions.driving import drive
from slipway.kinds.warehouse.verdicts import Examined, NothingFits
from slipway.kinds.warehouse.walk import Examination

END = Examined(NothingFits(), None, {}, (), {})  # type: ignore[arg-type]


@pytest.mark.parametrize(("size", "is_here"), [(499, True), (500, False)])
async def test_choosing_among_many_leaves_the_loop_alone(size: int, is_here: bool) -> None:
    """Questions are answered on the loop, whatever the size: that is where the clients live."""
    here, examined_in, answered_in = threading.current_thread(), [], []

    def examination() -> Examination:
        told = []
        for tag in ("b", "a"):
            examined_in.append(threading.current_thread())
            told.append((yield Resolve((tag,))).digests[tag])
        assert told == ["digest of b", "digest of a"]
        return END

    async def answer(question: Question) -> Answer:
        answered_in.append(threading.current_thread())
        assert isinstance(question, Resolve)
        return Answer(digests={tag: f"digest of {tag}" for tag in question.tags})

    assert await drive(examination(), size, answer) is END

    assert [thread is here for thread in examined_in] == [is_here] * 2
    assert answered_in == [here] * 2


async def test_an_answer_that_cannot_be_had_ends_the_examination() -> None:
    """A guess in its place could be a downgrade."""

    def examination() -> Examination:
        yield Resolve(("a",))
        pytest.fail("it went on without an answer")

    async def answer(_: Question) -> Answer:
        msg = "the registry is down"
        raise ConnectionError(msg)

    with pytest.raises(ConnectionError, match="down"):
        await drive(examination(), 1, answer)
