"""How the puller reads image references."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev.puller import ImageName, exists

_DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("127.0.0.1:20001/shop/api:1", ImageName("127.0.0.1:20001", "shop/api", "1")),
        (f"127.0.0.1:20001/shop/api@{_DIGEST}", ImageName("127.0.0.1:20001", "shop/api", _DIGEST)),
        (f"localhost/api:1@{_DIGEST}", ImageName("localhost", "api", _DIGEST)),
        ("registry.example.com/shop/api", ImageName("registry.example.com", "shop/api", "latest")),
        ("shop/api:1", ImageName("docker.io", "shop/api", "1")),
        ("api", ImageName("docker.io", "api", "latest")),
    ],
)
def test_references_are_cut_as_a_kubelet_cuts_them(text: str, name: ImageName) -> None:
    """A digest wins over a tag; without a host it is Docker Hub's."""
    assert ImageName.parse(text) == name


@given(
    host=st.sampled_from(["localhost", "127.0.0.1:20001", "registry.example.com", "a.b:443"]),
    repository=st.from_regex(r"[a-z0-9]+(/[a-z0-9]+){0,3}", fullmatch=True),
    tag=st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True),
)
def test_what_was_put_together_is_taken_apart_again(host: str, repository: str, tag: str) -> None:
    """For every host, repository and tag."""
    assert ImageName.parse(f"{host}/{repository}:{tag}") == ImageName(host, repository, tag)


def test_no_registry_outside_this_machine_is_asked() -> None:
    """Tests never leave the machine: foreign images are not there."""
    assert not exists(ImageName.parse("registry.example.com/shop/api:1"))
