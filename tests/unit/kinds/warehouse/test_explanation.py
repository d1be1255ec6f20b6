from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.kinds.warehouse.explanation import explain, in_words
from slipway.kinds.warehouse.filters import TagFilter
from slipway.kinds.warehouse.policies.newest import NewestPolicy
from slipway.kinds.warehouse.policies.policy import Rejection
from slipway.kinds.warehouse.policies.semver import SemverPolicy
from slipway.kinds.warehouse.selection import Selector
from slipway.kinds.warehouse.sightings import Sighting
from slipway.kinds.warehouse.verdicts import Picked, Refusal, Rules, Situation
from slipway.oci.platform import Platform
from slipway.oci.results import ImageInfo, TagInfo
from tests.support.examinations import Repository, selector_for

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SIGNATURE = "sha256-" + "0" * 64 + ".sig"
TAGS = (
    "v1.0.0",
    "v1.1.0",
    "v1.2.0",
    "v1.3.0",
    "v1.4.0-rc.1",
    "v9.0.0",
    "latest",
    "vmain",
    "v1.0.0-slim",
    SIGNATURE,
)
SELECTOR = Selector(TagFilter.of(["v(?P<version>.*)"], [".*-slim"], "$version"), SemverPolicy.of("<2"))
RULES = Rules((Platform.parse("linux/amd64"),), 3 * DAY)
SEEN = (Sighting("v1.1.0", NOW - 9 * DAY), Sighting("v1.2.0", NOW - 9 * DAY), Sighting("v1.3.0", NOW - DAY))

TOLD = {
    "v1.1.0": ("Chosen", "'v1.1.0' is chosen: v1.1.0", 3),
    "v1.0.0": ("Candidate", "'v1.0.0' is number 4 of 4 candidates, and a better one was taken", 4),
    "v1.2.0": ("PlatformMissing", "'v1.2.0' has no image for linux/amd64", 2),
    "v1.3.0": ("TooYoung", "'v1.3.0' is too young until 2026-11-23T09:00:00Z", 1),
    "v1.4.0-rc.1": ("PreRelease", "is read as '1.4.0-rc.1', which is a pre-release, and", None),
    "v9.0.0": ("OutOfRange", "is a version outside the range; wanted is a release in <2", None),
    "latest": ("NotMatching", "matches none of the include patterns: `v(?P<version>.*)`", None),
    "vmain": ("NotSemver", "is read as 'main', which is no semantic version", None),
    "v1.0.0-slim": ("NotMatching", "matches the exclude pattern `.*-slim`", None),
    SIGNATURE: ("Signature", "names a digest", None),
    "v1.5.0": ("NotListed", "is not among the 10 tags of r.example.com/a", None),
    "\x1b[31m": ("NotListed", r"'\x1b[31m' is not among", None),
}


@pytest.mark.parametrize("tag", TOLD)
def test_each_tag_has_its_reason(tag: str) -> None:
    """The word for programs, the sentence for people, and the place among the candidates."""
    images = {name: ImageInfo(name, "", (("linux/amd64", "x"),)) for name in ("v1.0.0", "v1.1.0")}
    images["v1.2.0"] = ImageInfo("v1.2.0", "", (("linux/arm64", "x"),))
    repository = Repository({name: name for name in TAGS}, images)
    examined = repository.examine(SELECTOR, RULES, Situation(NOW, None, SEEN))
    told = explain(tag, SELECTOR, repository.listing, examined)
    verdict, sentence, position = TOLD[tag]

    assert told.verdict == verdict
    assert sentence in told.sentence
    assert told.position == position
    assert told.candidates == 4


def test_what_stays_says_why() -> None:
    """Its tag was deleted, or points at something that may not be taken."""
    selector, current = selector_for(SemverPolicy.of("*")), Picked("2.0.0", "b", NOW - 9 * DAY)
    rules, situation = Rules(minimum_age=3 * DAY), Situation(NOW, current)
    gone = Repository({"1.0.0": "a"})
    moved = Repository({"1.0.0": "a", "2.0.0": "new"})
    flooded = Repository({"2.0.0": "b", "3.0.0": "c"})

    told = explain("2.0.0", selector, gone.listing, gone.examine(selector, rules, situation))
    assert told.sentence == "'2.0.0' stays in use as b: the tag was deleted, and what is left is no better"
    told = explain("2.0.0", selector, moved.listing, moved.examine(selector, rules, situation))
    assert told.sentence == (
        "'2.0.0' stays in use as b: what the tag points at now is too young until 2026-11-24T09:00:00Z"
    )
    examined = flooded.examine(selector, replace(rules, limit=1), situation)
    told = explain("2.0.0", selector, flooded.listing, examined)
    assert told.sentence == "'2.0.0' stays in use as b: nothing better may be taken yet"


def test_what_has_no_manifest_or_is_broken_says_so() -> None:
    """Both are faults of the registry's content, with something to do about them."""
    selector = selector_for(SemverPolicy.of("*"))
    repository = Repository({"1.0.0": "a"}, listed=(TagInfo("1.0.0"), TagInfo("2.0.0")))
    examined = repository.examine(selector, Rules(), Situation(NOW))
    told = explain("2.0.0", selector, repository.listing, examined)
    assert (told.verdict, told.position) == ("ManifestMissing", 1)
    assert "push it again, or delete it" in told.sentence

    repository = Repository({"1.0.0": "a"})
    examined = repository.examine(selector, RULES, Situation(NOW))
    assert explain("1.0.0", selector, repository.listing, examined).verdict == "Broken"


def test_times_that_were_asked_for_count() -> None:
    """The listing told none, the images did."""
    selector = selector_for(NewestPolicy("Created"))
    images = {name: ImageInfo(name, "", created_at=NOW - days * DAY) for name, days in (("a", 1), ("b", 2))}
    repository = Repository({"old": "b", "new": "a", "mute": "c"}, images)
    examined = repository.examine(selector, Rules(), Situation(NOW))

    assert explain("old", selector, repository.listing, examined).position == 2
    assert explain("mute", selector, repository.listing, examined).verdict == "NoTime"


@given(st.text(max_size=20))
def test_anything_can_be_asked_for(tag: str) -> None:
    """Whatever a person types is explained in one printable line."""
    repository = Repository({name: name for name in TAGS})
    examined = repository.examine(SELECTOR, Rules(), Situation(NOW))

    assert explain(tag, SELECTOR, repository.listing, examined).sentence.isprintable()


def test_what_is_wrong_with_images_is_counted() -> None:
    """The most frequent first, and a missing platform by its name."""
    lacking = Refusal(Rejection.PLATFORM_MISSING, "a", missing=("linux/arm64",))
    refusals = [Refusal(Rejection.TOO_YOUNG, "b"), lacking, lacking, Refusal(Rejection.BROKEN, "c")]

    assert in_words(refusals) == "2 without linux/arm64, 1 too young, 1 broken"
