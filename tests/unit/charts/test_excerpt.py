from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.charts.excerpt import excerpt

names = st.lists(st.sampled_from(["api", "api-server", "web", "a", "entries"]), unique=True, max_size=5)
versions = st.lists(
    st.fixed_dictionaries(
        {"version": st.sampled_from(["1.0.0", "2.0.0-rc.1"])},
        optional={
            "description": st.sampled_from(
                ["plain", "api: none", "two\nlines\n\napi:\n- x", "# no comment", ""]
            ),
            "urls": st.lists(st.just("https://charts.example.com/a.tgz"), max_size=2),
        },
    ),
    max_size=3,
)


@given(names.flatmap(lambda found: st.fixed_dictionaries(dict.fromkeys(found, versions))), st.booleans())
@settings(max_examples=60, deadline=None)
def test_an_excerpt_says_of_a_chart_what_the_whole_says(entries: dict[str, Any], is_sorted: bool) -> None:
    """Whatever is written of it; or there is no excerpt, and the whole is read."""
    index = {"apiVersion": "v1", "entries": entries, "generated": "2026-11-21T09:00:00Z"}
    text = yaml.safe_dump(index, sort_keys=is_sorted).encode()

    for name in ("api", "web", "missing"):
        cut = excerpt(text, name)
        if cut is not None:
            assert yaml.safe_load(cut) == {"entries": {name: entries[name]}}
        else:
            assert name not in entries or entries[name] == []


def test_an_excerpt_is_small() -> None:
    """A large index is why there are excerpts."""
    entries = {f"chart{number}": [{"version": "1.0.0"}] for number in range(1000)}
    text = yaml.safe_dump({"entries": entries}).encode()

    cut = excerpt(text, "chart500")

    assert cut is not None
    assert len(cut) < 60


@pytest.mark.parametrize(
    "text",
    [
        "",
        "entries: {api: [{version: 1.0.0}]}\n",
        "entries:\n  api:\n  - version: 1\nentries:\n  web:\n  - version: 2\n",
        "entries:\n  api:\n  - version: 1\n  api:\n  - version: 2\n",
        "other:\n  api:\n  - version: 1\n",
        'entries:\n  "api":\n  - version: 1\n',
    ],
    ids=["nothing", "in one line", "two lists", "twice", "elsewhere", "in quotes"],
)
def test_what_is_laid_out_otherwise_is_left_to_the_parser(text: str) -> None:
    """A wrong excerpt would be worse than none."""
    assert excerpt(text.encode(), "api") is None
