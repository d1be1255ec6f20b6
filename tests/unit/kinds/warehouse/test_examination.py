from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.kinds.warehouse.policies.alphabetical import AlphabeticalPolicy
from slipway.kinds.warehouse.policies.digest import DigestPolicy
from slipway.kinds.warehouse.policies.newest import NewestPolicy
from slipway.kinds.warehouse.policies.policy import Policy
from slipway.kinds.warehouse.policies.semver import SemverPolicy
from slipway.kinds.warehouse.questions import Describe, Resolve
from slipway.kinds.warehouse.selection import Selector
from slipway.kinds.warehouse.sightings import Sighting
from slipway.kinds.warehouse.verdicts import (
    Kept,
    ManifestMissing,
    NothingFits,
    Picked,
    Rules,
    Situation,
    TooManyTags,
)
from slipway.oci.platform import Platform
from slipway.oci.results import ImageInfo, TagInfo
from tests.support.examinations import Repository, selector_for

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
AMD, ARM = Platform.parse("linux/amd64"), Platform.parse("linux/arm64")
SEMVER = selector_for(SemverPolicy.of("*"))
EMPTY = Situation(NOW)


def image(digest: str, **platforms: str) -> ImageInfo:
    """An index with the images of some platforms of linux."""
    return ImageInfo(digest, "", tuple((f"linux/{name}", held) for name, held in platforms.items()))


def versions(**digests: str) -> Repository:
    """A repository of versions, `v1="a"` being the tag 1.0.0 with digest a."""
    return Repository({f"{name[1:]}.0.0": digest for name, digest in digests.items()})


def chosen(digest: str, version: int, **more: object) -> Picked:
    """What was chosen before."""
    return replace(Picked(f"{version}.0.0", digest, NOW - 9 * DAY), **more)  # type: ignore[arg-type]


# --- without further rules


def test_without_further_rules_one_head_is_all() -> None:
    """The digest of the best tag alone."""
    repository = versions(v1="a", v2="b", v3="c")
    examined = repository.examine(SEMVER, Rules(), EMPTY)

    assert examined.verdict == Picked("3.0.0", "c", first_seen_at=NOW)
    assert repository.questions == [Resolve(("3.0.0",))]
    assert examined.choice.candidates == ("3.0.0", "2.0.0", "1.0.0")
    assert examined.seen == ()


def test_a_followed_tag_is_looked_at_like_any_other() -> None:
    """Its list is the tag itself."""
    repository = Repository({"stable": "a"})

    assert repository.examine(selector_for(DigestPolicy("stable")), Rules(), EMPTY).verdict == Picked(
        "stable", "a", NOW
    )


def test_a_listed_tag_without_a_manifest_ends_the_way() -> None:
    """The next best is no substitute, whether something was chosen before or not."""
    repository = replace(versions(v1="a"), listed=(TagInfo("1.0.0"), TagInfo("2.0.0")))

    for situation in (EMPTY, Situation(NOW, chosen("a", 1))):
        assert repository.examine(SEMVER, Rules(), situation).verdict == ManifestMissing("2.0.0")


def test_what_was_chosen_keeps_its_first_sight() -> None:
    """Also when another tag points at it by now."""
    verdict = versions(v1="a", v2="a").examine(SEMVER, Rules(), Situation(NOW, chosen("a", 1))).verdict

    assert verdict == chosen("a", 2)


# --- never a downgrade


def test_a_deleted_tag_is_no_reason_for_a_worse_one() -> None:
    """The artifact stays, and that its tag has gone is told."""
    current = chosen("b", 2)
    repository = versions(v1="a")
    verdict = repository.examine(SEMVER, Rules(), Situation(NOW, current)).verdict

    assert verdict == Kept(current, listed=False)
    assert repository.questions == []


def test_a_deleted_tag_is_no_obstacle_to_a_better_one() -> None:
    """Upwards all is as ever."""
    verdict = versions(v3="c").examine(SEMVER, Rules(), Situation(NOW, chosen("b", 2))).verdict

    assert verdict == Picked("3.0.0", "c", NOW)


def test_an_empty_repository_takes_nothing_away() -> None:
    """As if every tag had been deleted."""
    current = chosen("b", 2)

    assert versions().examine(SEMVER, Rules(), Situation(NOW, current)).verdict == Kept(current, listed=False)
    assert versions().examine(SEMVER, Rules(), EMPTY).verdict == NothingFits()


def test_what_the_subscription_no_longer_allows_gives_way() -> None:
    """A narrower range is a person's will, and no downgrade by accident."""
    verdict = (
        versions(v1="a", v2="b")
        .examine(selector_for(SemverPolicy.of("<2")), Rules(), Situation(NOW, chosen("b", 2)))
        .verdict
    )

    assert verdict == Picked("1.0.0", "a", NOW)


# --- platforms


def test_the_best_image_that_has_all_platforms_is_chosen() -> None:
    """What lacks one is counted, and what is broken too."""
    repository = replace(
        versions(v1="a", v2="b", v3="c", v4="d"),
        images={"c": image("c", amd64="c1"), "b": image("b", amd64="b1", **{"arm64/v8": "b2"})},
    )
    examined = repository.examine(SEMVER, Rules((AMD, ARM)), EMPTY)

    assert examined.verdict == Picked("2.0.0", "b", NOW, platforms={"linux/amd64": "b1", "linux/arm64": "b2"})
    assert examined.choice.rejected == {"PlatformMissing": 1, "Broken": 1}
    assert examined.choice.candidates == ("2.0.0", "1.0.0")
    assert examined.refusals["3.0.0"].missing == ("linux/arm64",)
    assert repository.described == ["d", "c", "b"]


def test_no_more_than_the_limit_are_examined() -> None:
    """Twenty indexes without the platform are enough to say so."""
    repository = versions(**{f"v{number}": f"d{number}" for number in range(1, 9)})
    examined = repository.examine(SEMVER, Rules((AMD,), limit=3), EMPTY)

    assert examined.verdict == NothingFits()
    assert repository.resolved == ["8.0.0", "7.0.0", "6.0.0"]


def test_an_index_that_changed_elsewhere_is_the_same_artifact() -> None:
    """Another architecture or an attestation was added: nothing that is wanted is new."""
    current = chosen("a", 1, platforms={"linux/amd64": "a1"})
    repository = replace(versions(v1="b"), images={"b": image("b", amd64="a1", arm64="new")})

    assert repository.examine(SEMVER, Rules((AMD,)), Situation(NOW, current)).verdict == current
    assert repository.examine(SEMVER, Rules(), Situation(NOW, current)).verdict == Picked("1.0.0", "b", NOW)


def test_the_platforms_of_the_recorded_artifact_are_read_when_they_are_not_recorded() -> None:
    """Platforms that are wanted from now on do not make the same images new, and are recorded then."""
    repository = replace(
        versions(v1="b"), images={"a": image("a", amd64="a1"), "b": image("b", amd64="a1", arm64="new")}
    )
    verdict = repository.examine(SEMVER, Rules((AMD,)), Situation(NOW, chosen("a", 1))).verdict

    assert verdict == chosen("a", 1, platforms={"linux/amd64": "a1"})
    assert repository.described == ["a", "b"]


def test_platforms_that_are_no_longer_wanted_stay_recorded() -> None:
    """The digest is the same, and so is what it runs on."""
    current = chosen("a", 1, platforms={"linux/amd64": "a1"})

    assert versions(v1="a").examine(SEMVER, Rules(), Situation(NOW, current)).verdict == current


def test_an_index_whose_wanted_image_changed_is_a_new_artifact() -> None:
    """Even if another wanted one is as before."""
    current = chosen("a", 1, platforms={"linux/amd64": "a1", "linux/arm64": "a2"})
    repository = replace(versions(v1="b"), images={"b": image("b", amd64="a1", arm64="new")})
    verdict = repository.examine(SEMVER, Rules((AMD, ARM)), Situation(NOW, current)).verdict

    assert verdict == Picked("1.0.0", "b", NOW, platforms={"linux/amd64": "a1", "linux/arm64": "new"})


def test_nothing_is_read_of_an_image_whose_platforms_are_recorded() -> None:
    """Another look at an unchanged tag costs a HEAD."""
    current = chosen("a", 1, platforms={"linux/amd64": "a1", "linux/arm64": "a2"})
    repository = versions(v1="a")

    assert repository.examine(SEMVER, Rules((AMD,)), Situation(NOW, current)).verdict == replace(
        current, platforms={"linux/amd64": "a1"}
    )
    assert repository.described == []


def test_what_lacks_a_platform_that_is_wanted_by_now_gives_way() -> None:
    """Even to a lower version: what cannot run is no better."""
    repository = replace(
        versions(v1="a", v2="b"), images={"b": image("b", amd64="b1"), "a": image("a", arm64="a1")}
    )
    verdict = repository.examine(SEMVER, Rules((ARM,)), Situation(NOW, chosen("b", 2))).verdict

    assert verdict == Picked("1.0.0", "a", NOW, platforms={"linux/arm64": "a1"})


def test_a_tag_that_lost_a_platform_is_no_reason_for_a_worse_one() -> None:
    """The image that was chosen is still there by its digest."""
    current = chosen("b", 2, platforms={"linux/amd64": "b1"})
    repository = replace(
        versions(v1="a", v2="moved"), images={"moved": image("moved", arm64="x"), "a": image("a", amd64="a1")}
    )
    examined = repository.examine(SEMVER, Rules((AMD,)), Situation(NOW, current))

    assert examined.verdict == Kept(current, listed=True)
    assert repository.resolved == ["2.0.0"]


# --- minimum age

AGED = Rules(minimum_age=3 * DAY)


def since(days: int, digest: str) -> Sighting:
    """A digest that was first seen some days ago."""
    return Sighting(digest, NOW - days * DAY)


def test_what_is_too_young_waits_and_what_is_in_use_stays() -> None:
    """The time when it will be old enough is told, and its first sight is remembered."""
    current = chosen("a", 1)
    examined = versions(v1="a", v2="b").examine(SEMVER, AGED, Situation(NOW, current, (since(1, "b"),)))

    assert examined.verdict == current
    assert examined.choice.rejected == {"TooYoung": 1}
    assert examined.mature_at == NOW + 2 * DAY
    assert examined.seen == (Sighting("a", NOW - 9 * DAY), since(1, "b"))


def test_the_next_best_that_is_old_enough_is_chosen() -> None:
    """Without anything in use, and above what is in use."""
    seen = (since(1, "c"), since(4, "b"), since(9, "a"))
    repository = versions(v1="a", v2="b", v3="c")

    for situation in (Situation(NOW, None, seen), Situation(NOW, chosen("a", 1), seen)):
        verdict = repository.examine(SEMVER, AGED, situation).verdict
        assert verdict == Picked("2.0.0", "b", NOW - 4 * DAY)


def test_age_counts_from_our_own_sight_whatever_the_registry_tells() -> None:
    """A time of push that lies a year back makes nothing old once the first scan is over."""
    repository = replace(
        versions(v1="a", v2="b"), listed=(TagInfo("1.0.0"), TagInfo("2.0.0", pushed_at=NOW - 365 * DAY))
    )
    examined = repository.examine(SEMVER, AGED, Situation(NOW, chosen("a", 1)))

    assert examined.verdict == chosen("a", 1)
    assert examined.mature_at == NOW + 3 * DAY


def test_a_moved_tag_that_is_too_young_is_no_reason_for_a_worse_one() -> None:
    """What was chosen stays by its digest."""
    current = chosen("b", 2)
    examined = versions(v1="a", v2="moved").examine(SEMVER, AGED, Situation(NOW, current, (since(9, "a"),)))

    assert examined.verdict == Kept(current, listed=True)
    assert examined.refusals["2.0.0"].until == NOW + 3 * DAY
    assert examined.moved_to == "moved"


def test_what_stays_as_it_is_has_not_moved() -> None:
    """Though something better was refused, or its tag is gone."""
    current, seen = chosen("b", 2), (since(1, "c"),)
    better = versions(v2="b", v3="c").examine(SEMVER, AGED, Situation(NOW, current, seen))
    gone = versions(v1="a", v3="c").examine(SEMVER, AGED, Situation(NOW, current, seen))

    assert (better.verdict, better.moved_to) == (current, None)
    assert (gone.verdict, gone.moved_to) == (Kept(current, listed=False), None)


def test_a_followed_tag_that_moved_waits_as_well() -> None:
    """The digest that was chosen stays until the new one is old enough."""
    current, selector = Picked("stable", "old", NOW - 9 * DAY), selector_for(DigestPolicy("stable"))
    first = Repository({"stable": "new"}).examine(selector, AGED, Situation(NOW, current))
    assert first.verdict == Kept(current, listed=True)

    later = Situation(NOW + 3 * DAY, current, first.seen)
    assert Repository({"stable": "new"}).examine(selector, AGED, later).verdict == Picked(
        "stable", "new", NOW
    )


def test_what_was_in_use_is_still_old_enough_when_a_tag_moves_back() -> None:
    """Its first sight was remembered while it was in use."""
    current, selector = Picked("stable", "old", NOW - 9 * DAY), selector_for(DigestPolicy("stable"))
    used = Repository({"stable": "old"}).examine(selector, AGED, Situation(NOW, current))
    newer = Situation(NOW, Picked("stable", "new", NOW - 4 * DAY), used.seen)

    assert Repository({"stable": "old"}).examine(selector, AGED, newer).verdict == current


def test_a_flood_of_young_versions_hides_nothing() -> None:
    """What is in use stays, also when it is too far down to be looked at."""
    current = chosen("a", 1)
    repository = versions(v1="a", v2="b", v3="c", v4="d")

    assert repository.examine(SEMVER, replace(AGED, limit=2), Situation(NOW, current)).verdict == Kept(
        current, listed=True
    )


def test_the_first_scan_trusts_the_time_of_push() -> None:
    """What the registry has had for long need not wait; what it got yesterday does."""
    listed = (TagInfo("1.0.0", pushed_at=NOW - 5 * DAY), TagInfo("2.0.0", pushed_at=NOW - DAY))
    examined = replace(versions(v1="a", v2="b"), listed=listed).examine(SEMVER, AGED, EMPTY)

    assert examined.verdict == Picked("1.0.0", "a", NOW - 5 * DAY, pushed_at=NOW - 5 * DAY)
    assert examined.mature_at == NOW + 2 * DAY
    assert examined.seen == (since(5, "a"), since(1, "b"))


def test_without_a_time_of_push_the_first_scan_takes_the_best_and_says_so() -> None:
    """Else nothing would run for three days."""
    repository = versions(v1="a", v2="b")
    first = repository.examine(SEMVER, AGED, EMPTY)
    assert first.verdict == Picked("2.0.0", "b", NOW, age_unknown=True)

    later = Situation(NOW + 3 * DAY, first.verdict, first.seen)
    assert repository.examine(SEMVER, AGED, later).verdict == replace(first.verdict, age_unknown=False)


def test_a_scan_that_found_nothing_was_the_first_one() -> None:
    """What is pushed after it was not there before, and waits like everything else."""
    scanned = Situation(NOW, scanned=True)
    examined = versions(v1="a").examine(SEMVER, AGED, scanned)

    assert examined.verdict == NothingFits()
    assert examined.mature_at == NOW + 3 * DAY


def test_a_push_in_the_future_is_one_of_now() -> None:
    """A registry with a wrong clock delays nothing beyond the minimum age."""
    listed = (TagInfo("1.0.0", pushed_at=NOW + 99 * DAY),)

    assert replace(versions(v1="a"), listed=listed).examine(SEMVER, AGED, EMPTY).mature_at == NOW + 3 * DAY


# --- times of build


def test_times_of_build_are_asked_for_where_the_listing_tells_none() -> None:
    """All at once, and each image once."""
    built = {name: ImageInfo(name, "", created_at=NOW - days * DAY) for name, days in (("a", 1), ("b", 2))}
    listed = (*map(TagInfo, ("one", "two", "three", "four")), TagInfo("told", created_at=NOW - 5 * DAY))
    digests = {"one": "b", "two": "a", "three": "a", "four": "unread", "told": "c"}
    repository = Repository(digests, built, listed)
    examined = repository.examine(selector_for(NewestPolicy("Created")), Rules(), EMPTY)

    assert examined.verdict == Picked("two", "a", NOW, created_at=NOW - DAY)
    assert repository.questions[0] == Resolve(("one", "two", "three", "four"))
    assert repository.questions[1] == Describe(("a", "b", "unread"))
    assert examined.choice.candidates == ("two", "three", "one", "told")
    assert examined.choice.rejected == {"NoTime": 1}
    assert examined.details["one"].created_at == NOW - 2 * DAY


@pytest.mark.parametrize("by", ["Pushed", "Created"])
def test_times_that_the_listing_tells_cost_nothing(by: str) -> None:
    """And a time of push that it does not tell cannot be had."""
    listed = tuple(TagInfo(f"t{day}", None, NOW - day * DAY, NOW - day * DAY) for day in range(1, 2000))
    repository = Repository({"t1": "a"}, listed=listed)
    selector = selector_for(NewestPolicy("Pushed" if by == "Pushed" else "Created"))

    assert repository.examine(selector, Rules(), EMPTY).verdict == Picked(
        "t1", "a", NOW, pushed_at=NOW - DAY, created_at=NOW - DAY
    )
    assert repository.questions == [Resolve(("t1",))]


def test_a_thousand_images_are_read_for_their_time_and_no_more() -> None:
    """Each costs requests: the filter has to let fewer pass, and those it drops cost nothing."""
    tags = tuple(TagInfo(f"t{number}") for number in range(1001))
    repository, seen = Repository({}, listed=tags), (since(1, "a"),)
    examined = repository.examine(selector_for(NewestPolicy("Created")), Rules(), Situation(NOW, None, seen))
    assert examined.verdict == TooManyTags(1001, 1000)
    assert examined.seen == seen
    assert repository.questions == []

    thousand = Repository({}, listed=tags[:1000])
    assert thousand.examine(selector_for(NewestPolicy("Created")), Rules(), EMPTY).verdict == NothingFits()

    fewer = selector_for(NewestPolicy("Created"), "t[0-9]")
    assert repository.examine(fewer, Rules(), EMPTY).verdict == NothingFits()


# --- properties

digests = st.sampled_from("abcdef")
sightings = st.lists(st.builds(since, st.integers(0, 5), digests), max_size=6).map(tuple)
infos = st.builds(
    lambda name, built, pushed: TagInfo(
        name, None, NOW - pushed * DAY if pushed else None, NOW - built * DAY
    ),
    st.integers(1, 6).map("{}.0.0".format),
    st.integers(0, 3),
    st.integers(0, 5),
)
listings = st.lists(infos, unique_by=lambda info: info.name, max_size=6).map(tuple)
policies: st.SearchStrategy[Policy] = st.sampled_from(
    [
        SemverPolicy.of("*"),
        SemverPolicy.of("<5"),
        AlphabeticalPolicy("Descending"),
        NewestPolicy("Created"),
        NewestPolicy("Pushed"),
    ]
)
images = st.dictionaries(
    digests, st.sampled_from([{"amd64": "x"}, {"amd64": "y", "arm64": "z"}, {"arm64": "z"}])
)
rules = st.builds(
    Rules,
    st.sampled_from([(), (AMD,), (AMD, ARM)]),
    st.integers(0, 4).map(lambda days: days * DAY),
    st.integers(1, 4),
)
currents = st.none() | st.builds(
    lambda version, digest, days: Picked(
        f"{version}.0.0", digest, NOW - days * DAY, NOW - days * DAY, NOW - days * DAY
    ),
    st.integers(1, 6),
    digests,
    st.integers(0, 5),
)


@st.composite
def repositories(draw: st.DrawFn) -> Repository:
    """Any few tags, some without a manifest, and images, some of them broken."""
    listed = draw(listings)
    pointed = {info.name: draw(digests) for info in listed if draw(st.integers(0, 9))}
    described = {name: image(name, **held) for name, held in draw(images).items()}
    return Repository(pointed, described, listed)


@given(repositories(), policies, rules, currents, sightings)
@settings(max_examples=120)
def test_any_examination_keeps_the_promises(
    repository: Repository, policy: Policy, wanted: Rules, current: Picked | None, seen: tuple[Sighting, ...]
) -> None:
    """Bounded questions; nothing immature, without its platforms, or worse; and all of it repeatable."""
    selector, situation = selector_for(policy), Situation(NOW, current, seen)
    examined = repository.examine(selector, wanted, situation)
    verdict = examined.verdict

    assert len(repository.resolved) <= wanted.limit
    if isinstance(verdict, Picked):
        changed = current is None or verdict.digest != current.digest
        first_scan = current is None and not seen
        sight = dict.fromkeys((sighting.digest for sighting in examined.seen), True)
        if changed and wanted.minimum_age and not first_scan:
            assert (
                min(known.at for known in seen if known.digest == verdict.digest) + wanted.minimum_age <= NOW
            )
            assert verdict.digest in sight
        assert len(verdict.platforms) == len(wanted.platforms)
        if current is not None and _still_good(current, selector, wanted, repository):
            before = selector.place(current.tag, _recorded(current))
            after = selector.place(verdict.tag, examined.details[verdict.tag])
            assert before is not None
            assert after is not None
            assert not after < before
        again = replace(repository, questions=[]).examine(
            selector, wanted, Situation(NOW, verdict, examined.seen)
        )
        assert again.verdict == verdict
        assert again.seen == examined.seen
        # The first scan describes what it has seen for no time at all, which later is too young for that.
        assert again.choice == examined.choice or (first_scan and wanted.minimum_age)
    mirrored = replace(repository, listed=repository.listed[::-1], questions=[])
    assert mirrored.examine(selector, wanted, situation) == examined
    assert mirrored.questions == repository.questions


def _recorded(current: Picked) -> TagInfo:
    return TagInfo(current.tag, None, current.pushed_at, current.created_at)


def _still_good(current: Picked, selector: Selector, wanted: Rules, repository: Repository) -> bool:
    """Whether what was chosen is allowed, and its image has what is wanted."""
    held = repository.images.get(current.digest)
    names = {name for name, _ in held.platforms} if held is not None else set()
    is_allowed = selector.place(current.tag, _recorded(current)) is not None
    return is_allowed and {str(platform) for platform in wanted.platforms} <= names
