from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.tags import TagTemplate, TagTemplateError, next_build_number


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
    ("text", "fault"),
    [
        ("{date}", "unknown key {date}"),
        ("{build}-{commit}", "unknown key {commit}"),
        ("{}", "unknown key {}"),
        ("{build.real}", "unknown key {build.real}"),
        ("{build}{build}", "stands 2 times"),
        ("{build", "no valid tag"),
        ("-{build}", "no valid tag"),
        ("a b", "no valid tag"),
        ("", "no valid tag"),
        ("x" * 111 + "{build}", "no valid tag"),
    ],
)
def test_what_can_make_no_tag_is_refused_with_the_fault(text: str, fault: str) -> None:
    """Unknown keys, stray braces and texts that are no tags are refused when the template is read."""
    with pytest.raises(TagTemplateError) as refused:
        TagTemplate.parse(text)
    assert fault in str(refused.value)


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
