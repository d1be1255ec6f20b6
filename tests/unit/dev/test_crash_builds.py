"""What tells a disturbed telling of the story of builds from the undisturbed one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from dev.crash_builds import Telling, judge
from dev.story.snapshot import Snapshot

END = Snapshot({"managedimages/api": {"status": {"builds": [{"number": 1}]}}}, {"shop/api:1-1": "IMAGE-1"})
PEACE = Telling((END, END), Counter({"jobs made": 1}), ["api-1-aaaaaaaa"], writes=9, strikes=0, seconds=1)
ALIKE = replace(PEACE, strikes=9, writes=11, jobs=["api-1-bbbbbbbb"])


def test_the_same_end_by_more_writes_is_alike() -> None:
    """Names of Jobs have their keys in them, which differ."""
    assert judge(ALIKE, PEACE) == []


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (replace(ALIKE, ends=(END, Snapshot(END.objects, {}))), "missing: tag shop/api:1-1"),
        (replace(ALIKE, effects=Counter({"jobs made": 2})), "jobs made: 2 instead of 1"),
        (
            replace(ALIKE, effects=Counter({"jobs made": 1, "secrets made": 1})),
            "secrets made: 1 instead of 0",
        ),
        (
            replace(ALIKE, jobs=["api-1-bbbbbbbb", "api-1-bbbbbbbb-2"]),
            "Jobs: api-1-bbbbbbbb, api-1-bbbbbbbb-2",
        ),
        (replace(ALIKE, strikes=0), "nothing went wrong"),
    ],
    ids=["a tag is lost", "made twice", "made besides", "a second attempt", "in peace"],
)
def test_each_difference_is_a_line(found: Telling, words: str) -> None:
    """One that says what."""
    (line,) = judge(found, PEACE)

    assert words in line
