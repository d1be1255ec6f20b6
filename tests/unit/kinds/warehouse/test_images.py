from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.api.conditions import Reason
from slipway.api.warehouse import Artifact, ArtifactImage, ImageSubscription, PlatformImage, Problem
from slipway.kinds.warehouse.images import picked_before, recorded, rules_of, sightings, to_seen, was_scanned
from slipway.kinds.warehouse.sightings import Sighting
from slipway.kinds.warehouse.verdicts import Picked
from slipway.oci.platform import Platform
from slipway.oci.results import ImageInfo

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
BUILT = datetime(2026, 11, 20, tzinfo=UTC)
REPOSITORY = "r.example.com/shop/api"


def digest(number: int) -> str:
    """A digest."""
    return f"sha256:{number:064x}"


times = st.none() | st.integers(0, 2**31).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
picked = st.builds(
    Picked,
    tag=st.just("1.0.0"),
    digest=st.integers(0, 9).map(digest),
    first_seen_at=times,
    pushed_at=times,
    created_at=times,
    platforms=st.dictionaries(
        st.sampled_from(["linux/amd64", "linux/arm64", "linux/arm/v7"]), st.integers(0, 9).map(digest)
    ),
    age_unknown=st.booleans(),
)


@given(picked)
@settings(max_examples=40)
def test_what_the_status_says_of_a_choice_is_the_choice(chosen: Picked) -> None:
    """Nothing is lost over a restart: the next look works with what this one found."""
    written = recorded(REPOSITORY, chosen, None, None)
    read = ArtifactImage.model_validate(written.model_dump(mode="json", by_alias=True, exclude_none=True))

    again = picked_before(read)

    assert again is not None
    assert (again.tag, again.digest, again.platforms) == (chosen.tag, chosen.digest, chosen.platforms)
    assert again.age_unknown is chosen.age_unknown
    assert (again.first_seen_at, again.created_at) == (chosen.first_seen_at, chosen.created_at)
    assert again.pushed_at == chosen.pushed_at


def test_platforms_that_were_asked_for_come_before_those_that_are_known() -> None:
    """Then those of the manifest, else those that stood there."""
    chosen = Picked("1.0.0", digest(1), platforms={"linux/arm64": digest(2)})
    plain = Picked("1.0.0", digest(1))
    info = ImageInfo(digest(1), "any", (("linux/amd64", digest(3)),), BUILT)
    known = ArtifactImage(
        repository=REPOSITORY,
        tag="1.0.0",
        digest=digest(1),
        created_at=NOW,
        platforms=(PlatformImage(name="linux/s390x", digest=digest(4)),),
    )

    def names(image: ArtifactImage) -> list[str]:
        return [one.name for one in image.platforms]

    assert names(recorded(REPOSITORY, chosen, known, info)) == ["linux/arm64"]
    assert names(recorded(REPOSITORY, plain, known, info)) == ["linux/amd64"]
    assert names(recorded(REPOSITORY, plain, known, None)) == ["linux/s390x"]
    assert recorded(REPOSITORY, plain, known, info).created_at == BUILT
    assert recorded(REPOSITORY, plain, known, None).created_at == NOW


def test_a_platform_stands_there_once_and_only_by_a_name_that_is_one() -> None:
    """Attestations have the platform unknown/unknown; an index may name one platform in two ways."""
    entries = [
        ("linux/arm64", digest(1)),
        ("linux/arm64/v8", digest(2)),
        ("unknown/unknown", digest(3)),
        ("no platform", digest(4)),
    ]

    image = recorded(
        REPOSITORY, Picked("1.0.0", digest(9)), None, ImageInfo(digest(9), "any", tuple(entries))
    )

    assert [(one.name, one.digest) for one in image.platforms] == [("linux/arm64", digest(1))]


def test_a_status_has_no_more_platforms_than_fit() -> None:
    """An index may have hundreds."""
    chosen = Picked("1.0.0", digest(1), platforms={f"linux/p{number:03}": digest(2) for number in range(200)})

    assert len(recorded(REPOSITORY, chosen, None, None).platforms) == 32


def test_what_was_seen_comes_back_from_the_status() -> None:
    """In the same order, with the same times."""
    seen = (Sighting(digest(1), BUILT), Sighting(digest(2), NOW))

    assert sightings(to_seen(seen)) == seen


@pytest.mark.parametrize(
    ("artifact", "scanned"),
    [
        (None, False),
        (Artifact(name="app"), False),
        (Artifact(name="app", tags=3), True),
        (Artifact(name="app", problem=Problem(reason=Reason.NO_TAGS, message="none")), True),
        (Artifact(name="app", problem=Problem(reason=Reason.NO_TAG_MATCHES, message="none")), True),
        (Artifact(name="app", problem=Problem(reason=Reason.LISTING_INCOMPLETE, message="cut")), False),
        (Artifact(name="app", problem=Problem(reason=Reason.REGISTRY_UNREACHABLE, message="down")), False),
    ],
)
def test_only_who_saw_the_whole_list_has_scanned(artifact: Artifact | None, scanned: bool) -> None:
    """After a list that broke off nobody can tell what is new."""
    assert was_scanned(artifact) is scanned


def test_the_rules_of_an_image_are_those_of_its_subscription() -> None:
    """Platforms under their usual names, and how many tags are looked at."""
    policy = {"type": "Newest"}
    spec = ImageSubscription.model_validate(
        {"repository": REPOSITORY, "policy": policy, "platforms": ["linux/arm64/v8"], "limit": 7}
    )

    rules = rules_of(spec, timedelta(hours=1))

    assert [one.usual_name for one in rules.platforms] == [Platform.parse("linux/arm64").usual_name]
    assert (rules.minimum_age, rules.limit) == (timedelta(hours=1), 7)
