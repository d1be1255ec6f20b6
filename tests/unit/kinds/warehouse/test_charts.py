from __future__ import annotations

from datetime import UTC, datetime, timedelta

from slipway.charts.index import ChartVersion
from slipway.kinds.warehouse.charts import ChartTags, chart_selector, chart_tags
from slipway.kinds.warehouse.examination import advance, examine
from slipway.kinds.warehouse.questions import Answer, Describe, Resolve
from slipway.kinds.warehouse.verdicts import Examined, Kept, Picked, Rules, Situation
from tests.unit.kinds.warehouse.policies.ranked import ranked

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def chart(version: str, digest: str | None = "d", *, days: int = 9, deprecated: bool = False) -> ChartVersion:
    """A version that was published some days ago."""
    return ChartVersion(version, "1.0", digest, NOW - days * DAY, (f"{version}.tgz",), deprecated)


def examined(tags: ChartTags, situation: Situation, rules: Rules | None = None, text: str = "*") -> Examined:
    """The examination, answered from the index alone."""
    examination = examine(chart_selector(text), tags.listing, rules or Rules(), situation)
    step = advance(examination, None)
    while not isinstance(step, Examined):
        step = advance(examination, tags.answer(step))
    return step


def test_the_highest_version_within_the_range_is_chosen() -> None:
    """Build metadata and all; what is deprecated is passed over and counted."""
    versions = [chart("1.0.0"), chart("2.1.0+build.7"), chart("2.2.0", deprecated=True), chart("3.0.0")]
    tags = chart_tags("https://charts.example.com api", versions)
    found = examined(tags, Situation(NOW), text="^2")

    assert isinstance(found.verdict, Picked)
    assert tags.versions[found.verdict.tag].version == "2.1.0+build.7"
    assert found.verdict.digest == "sha256:d"
    assert tags.told(found.choice).rejected == {"OutOfRange": 2, "Deprecated": 1}
    assert tags.told(found.choice).tags == 4


def test_nothing_is_told_of_deprecation_where_there_is_none() -> None:
    """What is zero is not worth a line."""
    found = examined(chart_tags("", [chart("1.0.0")]), Situation(NOW))

    assert chart_tags("", [chart("1.0.0")]).told(found.choice) == found.choice


def test_of_a_version_that_is_there_twice_the_first_counts() -> None:
    """As in Helm."""
    tags = chart_tags("", [chart("1.0.0", "first"), chart("1.0.0", "second")])

    assert tags.answer(Resolve(("1.0.0", "2.0.0"))) == Answer(digests={"1.0.0": "sha256:first"})
    assert tags.answer(Describe(("x",))) == Answer()


def test_charts_ripen_as_images_do() -> None:
    """At the first look by the time of their publication, later by our own sight; and never a downgrade."""
    rules = Rules(minimum_age=3 * DAY)
    first = examined(
        chart_tags("", [chart("1.0.0", "a"), chart("2.0.0", "b", days=1)]), Situation(NOW), rules
    )
    assert first.verdict == Picked("1.0.0", "sha256:a", NOW - 9 * DAY, NOW - 9 * DAY)
    assert first.mature_at == NOW + 2 * DAY

    gone = chart_tags("", [chart("0.1.0", "c")])
    situation = Situation(NOW, first.verdict, first.seen)
    assert examined(gone, situation, rules).verdict == Kept(first.verdict, listed=False)


def test_a_version_without_a_digest_is_known_by_what_else_the_index_tells() -> None:
    """The same twice is the same, and published again it is another."""
    identities = [
        chart_tags("", [version]).answer(Resolve(("1.0.0",))).digests["1.0.0"]
        for version in (chart("1.0.0", None), chart("1.0.0", None), chart("1.0.0", None, days=1))
    ]

    assert identities[0] == identities[1] != identities[2]


def test_tags_of_charts_in_a_registry_are_read_as_versions() -> None:
    """An underscore is the plus sign that no tag can have."""
    policy = chart_selector("<2").policy

    assert ranked(policy, ["1.0.0_build", "2.0.0", "1.1.0-rc.1", "latest"]).best == ("1.0.0_build",)
    assert policy.follows is None
    assert policy.wish == "a release in <2"


def test_what_an_index_says_too_long_is_no_reason_to_fail() -> None:
    """A digest that is none is told apart by what else is known of the version."""
    odd = ChartVersion("1.0.0", digest="x" * 900)

    answer = chart_tags("api", [odd]).answer(Resolve(("1.0.0",)))

    assert len(answer.digests["1.0.0"]) == len("sha256:") + 64
