from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.charts.errors import ChartMissing, IndexInvalid, IndexTooLarge
from slipway.charts.excerpt import excerpt
from slipway.charts.index import MAX_BYTES, ChartVersion, _Reader, read_versions

INDEX = b"""\
apiVersion: v1
entries:
  # what comes first
  api:
  - apiVersion: v2
    appVersion: 1.10
    created: "2026-10-09T08:38:40.123456789+02:00"
    description: |
      entries:
        api:
        - version: 9.9.9
    digest: 0a1b
    name: api
    urls:
    - https://charts.example.com/api-2.0.0.tgz
    - mirror/api-2.0.0.tgz
    version: 2.0.0

  - version: "1.10"
    appVersion: null
    created: 0001-01-01T00:00:00Z
    deprecated: true
    urls: {}
# a comment in between
  - description: without a version
  - version: 1.0.0
    appVersion: "null"
    created: yesterday
    digest: [no, text]
    urls:
    - [no, text]
  api-worker:
  - version: 3.0.0
generated: "2026-11-21T09:00:00Z"
"""

API = (
    ChartVersion(
        "2.0.0",
        "1.10",
        "0a1b",
        datetime(2026, 10, 9, 6, 38, 40, 123456, tzinfo=UTC),
        ("https://charts.example.com/api-2.0.0.tgz", "mirror/api-2.0.0.tgz"),
    ),
    ChartVersion("1.10", deprecated=True),
    ChartVersion("1.0.0", "null"),
)


def test_the_versions_of_a_chart_are_read_as_they_stand_there() -> None:
    """In their order, texts as texts; what is malformed is left out, and what has no version passed over."""
    assert read_versions(INDEX, "api") == API
    assert read_versions(INDEX, "api-worker") == (ChartVersion("3.0.0"),)


def test_the_whole_index_gives_the_same_as_the_excerpt() -> None:
    """The excerpt is nothing but a faster way."""
    assert excerpt(INDEX, "api") is not None
    assert _Reader(INDEX).versions("api") == API


LAYOUTS = {
    "JSON": json.dumps({"entries": {"api": [{"version": "1.0.0"}]}}).encode(),
    "windows lines": b"entries:\r\n  api:\r\n  - version: 1.0.0\r\n  b:\r\n  - version: 2.0.0\r\n",
    "four spaces": b"entries:\n    api:\n        - version: 1.0.0\n    b:\n        - version: 2.0.0\n",
    "quoted names": b'entries:\n  "api":\n  - version: 1.0.0\n',
    "flow style": b"{entries: {b: [{version: 2.0.0}], api: [{version: 1.0.0}]}}",
    "a document with a start": b"---\nentries:\n  api:\n  - version: 1.0.0\n...\n",
    "the last line is not ended": b"entries:\n  api:\n  - version: 1.0.0",
    "nothing else": b"entries:\n  api:\n  - version: 1.0.0\n",
    "a strange key": b"? [a, b]\n: c\nentries:\n  ? {a: b}\n  : c\n  api:\n  - version: 1.0.0\n",
    "entries before others": b"entries:\n  api:\n  - version: 1.0.0\nb:\n  api:\n  - version: 2.0.0\n",
    "the last of two entries": b"entries:\n  api:\n  - version: 2\nentries:\n  api:\n  - version: 1.0.0\n",
    "the last of two charts": b"entries:\n  api:\n  - version: 2.0.0\n  api:\n  - version: 1.0.0\n",
    "a longer and a quoted name": b'entries:\n  api:x: 1\n  "api":\n  - version: 1.0.0\n',
    "an endless version": b"entries:\n  api:\n  - version: 1.0.0\n  - version: " + b"1" * 1025 + b"\n",
    "a longer name": b"entries:\n  api:x: 1\n  api:\n  - version: 1.0.0\n",
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_layout_of_yaml_is_read(layout: str) -> None:
    """Helm writes one of them; other programs write others."""
    assert read_versions(LAYOUTS[layout], "api") == (ChartVersion("1.0.0"),)


@pytest.mark.parametrize(
    ("index", "problem"),
    [
        (b"entries:\n  api:\n", None),
        (b"entries: {}\n", "no chart api"),
        (b"entries:\n", "no chart api"),
        (b"entries:\n  b:\n  - version: 1.0.0\n", "no chart api"),
    ],
)
def test_a_chart_that_is_not_there_is_missing(index: bytes, problem: str | None) -> None:
    """One that is there without a version is not."""
    if problem is None:
        assert read_versions(index, "api") == ()
        return
    with pytest.raises(ChartMissing, match=problem):
        read_versions(index, "api")


BOMB = b"a: &a [x]\nb: &b [*a, *a]\nentries: {api: *b}\n"
REFUSED = {
    "a web page": (b"<html><body>Log in</body></html>", IndexInvalid, "is not a mapping"),
    "a list": (b"[]", IndexInvalid, "is not a mapping"),
    "nothing": (b"", IndexInvalid, "is not a mapping"),
    "no entries": (b"apiVersion: v1\n", IndexInvalid, "no entries"),
    "entries that are a list": (b"entries: []\n", IndexInvalid, "entries is not a mapping"),
    "a chart that is a mapping": (b"entries: {api: {}}\n", IndexInvalid, "api is not a list"),
    "versions that are texts": (
        b"entries: {api: [1.0.0]}\n",
        IndexInvalid,
        "a version of api is not a mapping",
    ),
    "broken YAML": (b"entries: {api: [\n", IndexInvalid, "not valid YAML"),
    "no text": (b"entries:\n  api:\n  - version: \xff\xfe\n", IndexInvalid, "not valid YAML"),
    "a bomb of aliases": (BOMB, IndexInvalid, "alias"),
    "an alias in the chart": (b"entries:\n  api:\n  - *a\n", IndexInvalid, "alias"),
    "ten thousand levels": (b"entries: {b: " + b"[" * 10_000, IndexTooLarge, "64 levels"),
    "too many bytes": (b"#" * (MAX_BYTES + 1), IndexTooLarge, "bytes"),
    "too many versions": (b"entries:\n  api:\n" + b"  - {}\n" * 20_001, IndexTooLarge, "20000"),
}


@pytest.mark.parametrize("given_index", REFUSED)
def test_what_is_no_index_or_too_much_is_refused(given_index: str) -> None:
    """With a reason, and without taking memory for it."""
    index, kind, problem = REFUSED[given_index]

    with pytest.raises(kind, match=problem):
        read_versions(index, "api")


names = st.sampled_from(["api", "api-worker", "b", "entries", "a.b"])
texts = st.text(alphabet="ab:#- '\"\n{}[]|>&*", max_size=12)
entries = st.dictionaries(
    names,
    st.lists(
        st.fixed_dictionaries(
            {"version": st.sampled_from(["1.0.0", "2.0.0"])}, optional={"description": texts}
        ),
        max_size=3,
    ),
    max_size=4,
)


@given(entries, st.sampled_from([(None, 2), (None, 4), (True, 2), (False, 2)]), names, st.integers(20, 80))
@settings(max_examples=40)
def test_reading_is_what_a_whole_load_would_give(
    given_entries: dict[str, Any], style: tuple[bool | None, int], name: str, width: int
) -> None:
    """Whatever stands in other fields and charts, in any style of writing."""
    flow, indent = style
    index = yaml.safe_dump(
        {"apiVersion": "v1", "entries": given_entries, "generated": "now"},
        default_flow_style=flow,
        indent=indent,
        width=width,
    ).encode()

    if name not in given_entries:
        with pytest.raises(ChartMissing):
            read_versions(index, name)
        return
    expected = [item["version"] for item in given_entries[name]]
    assert [version.version for version in read_versions(index, name)] == expected


@given(st.binary(max_size=60) | st.text(alphabet="entris:api -\n[]{}&*!|", max_size=60).map(str.encode))
def test_any_bytes_are_an_index_or_refused(index: bytes) -> None:
    """Nothing a server sends leads to another error than one of charts."""
    try:
        read_versions(index, "api")
    except (ChartMissing, IndexInvalid):
        return


def test_one_chart_of_a_large_index_costs_what_it_has_itself() -> None:
    """Two megabytes of other charts are not parsed: that alone would take a third of a second."""
    others = b"".join(
        b"  chart%d:\n" % number + b"  - version: 1.0.0\n    keywords:\n    - a\n    - b\n" * 100
        for number in range(350)
    )
    index = b"entries:\n" + others + b"  api:\n  - version: 1.0.0\n"
    started = time.process_time()

    assert read_versions(index, "api") == (ChartVersion("1.0.0"),)
    assert time.process_time() - started < 0.1


def test_millions_of_empty_lines_take_no_memory_to_match() -> None:
    """The search for the layout is bounded: what begins that late is left to the parser."""
    assert excerpt(b"entries:\n" + b"\n" * 65 + b"  api:\n  - version: 1.0.0\n", "api") is None
    with pytest.raises(ChartMissing):
        read_versions(b"entries:\n" + b"\n" * 3_000_000, "api")


def test_a_time_beyond_all_calendars_is_none() -> None:
    """It has no name in UTC, and could not be written."""
    index = b'entries: {api: [{version: 1.0.0, created: "9999-12-31T23:59:59-12:00"}]}'

    assert read_versions(index, "api")[0].created is None
