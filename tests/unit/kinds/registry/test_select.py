from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.kinds.registry.select import AmbiguousRegistry, select_registry
from slipway.kinds.registry.view import RegistryView


def registry(name: str, url: str = "https://registry.example.com", project: str = "") -> RegistryView:
    """A Registry as the store keeps it."""
    return RegistryView.from_body(
        {
            "metadata": {"name": name, "namespace": "shop", "uid": f"uid-{name}", "resourceVersion": "7"},
            "spec": {"url": url, **({"project": project} if project else {})},
        }
    )


HOST = "registry.example.com"


def test_no_registry_for_the_host_means_none() -> None:
    """An image of another host, or of another port of the host, is nobody's."""
    assert select_registry([], HOST, "shop/api") is None
    assert select_registry([registry("a")], "other.example.com", "shop/api") is None
    assert select_registry([registry("a")], f"{HOST}:5000", "shop/api") is None


def test_the_longest_project_wins() -> None:
    """The more a Registry says about what it serves, the better it matches."""
    candidates = [registry("all"), registry("shop", project="shop"), registry("api", project="shop/api")]

    assert select_registry(candidates, HOST, "other/api") == candidates[0]
    assert select_registry(candidates, HOST, "shop/web") == candidates[1]
    assert select_registry(candidates, HOST, "shop/api") == candidates[2]
    assert select_registry(candidates, HOST, "shop/api/sub") == candidates[2]


def test_a_project_is_matched_by_whole_path_parts() -> None:
    """`shop` does not serve `shopping/cart`."""
    assert select_registry([registry("shop", project="shop")], HOST, "shopping/cart") is None


def test_a_tie_is_refused_and_names_both() -> None:
    """Which credential to use is not for us to guess."""
    with pytest.raises(AmbiguousRegistry, match=r"Registries a, b match .* equally well: name"):
        select_registry([registry("b"), registry("a")], HOST, "shop/api")


def test_a_tie_among_shorter_matches_does_not_matter() -> None:
    """Only the best matches compete."""
    best = registry("c", project="shop")

    assert select_registry([registry("a"), registry("b"), best], HOST, "shop/api") == best


parts = st.sampled_from(["a", "b", "ab"])
paths = st.lists(parts, max_size=3).map("/".join)
repositories = st.lists(parts, min_size=1, max_size=4).map("/".join)


@given(st.lists(paths, max_size=6, unique=True), repositories)
def test_projects_that_differ_never_tie(projects: list[str], repository: str) -> None:
    """Different projects that both lie above a repository have different lengths: one of them is longest."""
    candidates = [registry(f"r{number}", project=project) for number, project in enumerate(projects)]
    above = [project for project in projects if not project or f"{repository}/".startswith(f"{project}/")]

    chosen = select_registry(candidates, HOST, repository)

    assert (chosen.project if chosen else None) == (max(above, key=len) if above else None)
