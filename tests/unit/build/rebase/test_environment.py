from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.rebase.environment import derived_from, merge_environment, variables

NAMES = st.sampled_from(["PATH", "LANG", "HOME", "VERSION", "DEBUG"])
ENVIRONMENTS = st.dictionaries(NAMES, st.sampled_from(["", "1", "2", "/a", "/a:/b", "x=y"])).map(
    lambda values: [f"{name}={value}" for name, value in values.items()]
)


@given(ENVIRONMENTS, ENVIRONMENTS)
def test_on_the_same_base_the_image_keeps_its_environment(base: list[str], image: list[str]) -> None:
    """Nothing moves when the base does not."""
    assert variables(merge_environment(base, image, base)) == variables(image)


@given(ENVIRONMENTS, ENVIRONMENTS, ENVIRONMENTS)
def test_every_variable_comes_from_where_it_was_changed(
    old: list[str], image: list[str], new: list[str]
) -> None:
    """What the image changed relative to its old base survives, everything else is as in the new base."""
    before, own, after = variables(old), variables(image), variables(new)
    merged = variables(merge_environment(old, image, new))
    for name in {*before, *own, *after}:
        wanted = own if own.get(name) != before.get(name) else after
        assert merged.get(name) == wanted.get(name)


def test_the_order_is_that_of_a_build_on_the_new_base() -> None:
    """Variables of the base first, in its order; then the image's own, in theirs."""
    merged = merge_environment(["A=1", "B=1"], ["A=1", "B=2", "Z=1", "Y=1"], ["C=3", "B=1", "A=2"])
    assert merged == ["C=3", "B=2", "A=2", "Z=1", "Y=1"]


@pytest.mark.parametrize(
    ("value", "name", "old", "new", "variable"),
    [
        ("/app/bin:/usr/bin", "PATH", {"PATH": "/usr/bin"}, {"PATH": "/usr/bin:/opt/bin"}, "PATH"),
        ("/usr/bin:/app/bin", "PATH", {"PATH": "/usr/bin"}, {}, "PATH"),
        ("-Xms1g -Xmx2g", "JAVA_OPTS", {"JAVA_OPTS": "-Xms1g"}, {"JAVA_OPTS": "-Xms2g"}, "JAVA_OPTS"),
        (
            "/opt/java-17/bin:/usr/bin",
            "PATH",
            {"JAVA_HOME": "/opt/java-17"},
            {"JAVA_HOME": "/opt/java-21"},
            "JAVA_HOME",
        ),
        ("1654", "", {"APP_UID": "1654"}, {"APP_UID": "1655"}, "APP_UID"),
        ("/app/bin:/usr/bin", "PATH", {"PATH": "/usr/bin"}, {"PATH": "/usr/bin"}, None),
        ("/app/bin", "PATH", {"PATH": "/usr/bin"}, {"PATH": "/opt/bin"}, None),
        ("/usr/binaries", "PATH", {"PATH": "/usr/bin"}, {"PATH": "/opt/bin"}, None),
        ("3.1", "MINE", {"VERSION": "3.1"}, {"VERSION": "3.2"}, None),
        ("1.2", "VERSION", {"VERSION": "1"}, {"VERSION": "2"}, None),
        ("/", "MINE", {"ROOT": "/"}, {}, None),
        ("anything", "MINE", {"EMPTY": ""}, {"EMPTY": "x"}, None),
        ("COPY x /opt/a/y", None, {"HOME": "/opt/a"}, {"HOME": "/opt/b"}, "HOME"),
        ("COPY x 3 /opt", None, {"VERSION": "3"}, {"VERSION": "4"}, None),
    ],
)
def test_what_shows_through_is_noticed(
    value: str, name: str | None, old: dict[str, str], new: dict[str, str], variable: str | None
) -> None:
    """A value that holds a changed value of the old base was derived from it; short texts occur by chance."""
    assert derived_from(value, name, old, new) == variable
