from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.tags import BuildTag, TagTemplate, TagTemplateError, date_of, next_build_number


@pytest.mark.parametrize(
    ("text", "build", "tag"),
    [
        ("1.4.0-{build}", 7, "1.4.0-7"),
        ("{build}", 1, "1"),
        ("b{build}-slim", 12, "b12-slim"),
        ("1.4.0", 3, "1.4.0"),
    ],
)
def test_a_template_names_a_build(text: str, build: int, tag: str) -> None:
    """The number stands where `{build}` stands."""
    assert TagTemplate.parse(text).render(build) == tag


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("{date}.{build}", "20261122.7"),
        ("{commit}-{build}", "0123456789ab-7"),
        ("{version}-{build}", "1.4.0-7"),
        ("v{version}_{date}{build}-{commit}", "v1.4.0_202611227-0123456789ab"),
    ],
)
def test_each_key_stands_for_its_value(text: str, tag: str) -> None:
    """A commit is cut, a version is put in as it is."""
    template = TagTemplate.parse(text, "1.4.0")
    assert template.render(7, "20261122", "0123456789abcdef") == tag
    assert template.number_of(tag) == 7


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{date}", "has no {build}"),
        ("{build}-{number}", "unknown key {number}"),
        ("{}", "unknown key {}"),
        ("{build.real}", "unknown key {build.real}"),
        ("{build}{build}", "stands 2 times"),
        ("{build}-{date}-{date}", "{date} stands 2 times"),
        ("{version}-{build}", "{version} has no value"),
        ("{build", "no valid tag"),
        ("-{build}", "no valid tag"),
        ("a b", "no valid tag"),
        ("", "no valid tag"),
        ("x" * 111 + "{build}", "no valid tag"),
        ("x" * 103 + "{date}{build}", "no valid tag"),
        ("x" * 99 + "{commit}{build}", "no valid tag"),
    ],
)
def test_what_can_make_no_tag_is_refused_with_the_fault(text: str, fault: str) -> None:
    """Unknown keys, keys without a value, stray braces and texts that are no tags are refused when read."""
    with pytest.raises(TagTemplateError) as refused:
        TagTemplate.parse(text)
    assert fault in str(refused.value)


def test_a_version_that_makes_the_tag_too_long_is_refused() -> None:
    """The longest tag counts: 18 digits of a number."""
    assert len(TagTemplate.parse("{version}{build}", "1" * 110).render(10**18 - 1)) == 128
    with pytest.raises(TagTemplateError, match="no valid tag"):
        TagTemplate.parse("{version}{build}", "1" * 111)


VALID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
TEXTS = st.text(alphabet="abf09._-", max_size=6)
VERSIONS = st.from_regex(r"[a-z0-9_][a-z0-9._-]{0,20}", fullmatch=True)
DATES = st.dates(min_value=date(2000, 1, 1)).map(
    lambda day: date_of(datetime(day.year, day.month, day.day, tzinfo=UTC))
)
COMMITS = st.text(alphabet="0123456789abcdef", min_size=40, max_size=40)


@st.composite
def templates(draw: st.DrawFn) -> str:
    """Each key at most once, in any order, with any text in between, or none."""
    keys = draw(st.lists(st.sampled_from(["commit", "date", "version"]), unique=True))
    order = draw(st.permutations([*keys, "build"]))
    return "x" + "".join(draw(TEXTS) + f"{{{key}}}" for key in order) + draw(TEXTS)


@given(templates(), VERSIONS, st.integers(0, 10**18 - 1), DATES, COMMITS)
def test_what_a_template_makes_it_reads(text: str, version: str, build: int, date: str, commit: str) -> None:
    """The number of a tag is found whatever stands around it, digits as well; and the tag is a valid one."""
    template = TagTemplate.parse(text, version)
    tag = template.render(build, date, commit)
    assert VALID.fullmatch(tag)
    assert template.read(tag) == BuildTag(
        build, date if "{date}" in text else "", commit[:12] if "{commit}" in text else ""
    )


@given(templates(), VERSIONS, st.lists(st.tuples(st.integers(0, 10**6), DATES, COMMITS), max_size=5))
def test_tags_of_other_days_and_commits_count(
    text: str, version: str, tagged: list[tuple[int, str, str]]
) -> None:
    """The next number is above all of them."""
    template = TagTemplate.parse(text, version)
    tags = [template.render(*one) for one in tagged]
    assert next_build_number(template, (), tags) == max((number for number, _, _ in tagged), default=0) + 1


@given(st.text(alphabet="ab01._-{}", max_size=140) | templates(), VERSIONS | st.none())
def test_a_template_makes_valid_tags_or_is_refused(text: str, version: str | None) -> None:
    """There is nothing in between."""
    try:
        template = TagTemplate.parse(text, version)
    except TagTemplateError:
        return
    assert VALID.fullmatch(template.render(10**18 - 1, "20261122", "f" * 40))


def test_the_day_of_a_tag_is_that_of_utc() -> None:
    """Wherever the clock stands."""
    late = datetime(2026, 11, 22, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert date_of(late) == "20261123"


@given(st.integers(min_value=0, max_value=10**18 - 1))
def test_the_number_of_a_tag_is_the_number_it_was_made_with(build: int) -> None:
    """Reading undoes rendering."""
    template = TagTemplate.parse("1.4.0-{build}-slim")
    assert template.number_of(template.render(build)) == build


@pytest.mark.parametrize(
    "tag", ["1.4.0-", "1.4.0-07", "1.4.0-x", "1.5.0-7", "1.4.0-7-rc", "1.4.0-٣", "1.4.0-" + "9" * 19]
)
def test_tags_of_others_have_no_number(tag: str) -> None:
    """A tag that this template would never write belongs to no build."""
    assert TagTemplate.parse("1.4.0-{build}").number_of(tag) is None


def test_overlapping_prefix_and_suffix_are_not_read_twice() -> None:
    """A tag shorter than prefix and suffix together has no number."""
    assert TagTemplate.parse("a-{build}-a").number_of("a-a") is None


def test_a_template_without_a_number_belongs_to_no_build() -> None:
    """Without `{build}` the tag tells nothing."""
    template = TagTemplate.parse("1.4.0")
    assert not template.numbered
    assert template.number_of("1.4.0") is None


@given(st.lists(st.integers(1, 500)), st.lists(st.integers(1, 500)))
def test_the_next_number_is_above_all_recorded_and_all_tagged(recorded: list[int], tagged: list[int]) -> None:
    """Neither a build in status nor a tag in the registry is ever met again."""
    template = TagTemplate.parse("1.4.0-{build}")
    tags = [template.render(number) for number in tagged] + ["latest", "1.4.0", "1.3.9-999"]
    assert next_build_number(template, recorded, tags) == max([0, *recorded, *tagged]) + 1
