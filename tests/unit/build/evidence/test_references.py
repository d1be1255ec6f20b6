from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.evidence.references import Meant, meant, short_name

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64

SAME = {
    "the standard tag": ("python", "python:latest"),
    "the standard registry and its namespace": ("python:3.12", "docker.io/library/python:3.12"),
    "the host that Docker Hub is served from": ("index.docker.io/bitnami/redis:7", "bitnami/redis:7"),
    "a host in capitals": ("Registry.Example.com/a:1", "registry.example.com/a:1"),
    "a digest beside the same tag": (f"python:3.12@{A}", "python:3.12"),
    "other digests of the same tag": (f"python:3.12@{A}", f"python:3.12@{B}"),
    "a digest alone, and a tag with that digest": (f"python@{A}", f"python:3.12@{A}"),
    "twice the same digest alone": (f"python@{A}", f"docker.io/library/python@{A}"),
}

OTHER = {
    "another tag": ("python:3.12", "python:3.12-slim"),
    "another registry": ("python:3.12", "registry.example.com/library/python:3.12"),
    "another repository": ("python", "library/python3"),
    "a digest alone, and a tag of which nothing more is known": (f"python@{A}", "python:3.12"),
    "other digests alone": (f"python@{A}", f"python@{B}"),
}

SHORT = {
    "docker.io/library/python": "python:latest",
    "docker.io/bitnami/redis:7": "bitnami/redis:7",
    f"python:3.12@{A}": "python:3.12",
    f"python@{A}": f"python@{A}",
    "registry.example.com:5000/library/a:1": "registry.example.com:5000/library/a:1",
}


def read(text: str, digest: str | None = None) -> Meant:
    """What must be a reference."""
    image = meant(text, digest)
    assert image is not None
    return image


references = st.sampled_from([text for pair in (*SAME.values(), *OTHER.values()) for text in pair])


@pytest.mark.parametrize("case", SAME)
def test_what_means_the_same_image_is_the_same(case: str) -> None:
    """However much of it was left out."""
    one, other = map(read, SAME[case])

    assert one.is_same(other)
    assert other.is_same(one)


@pytest.mark.parametrize("case", OTHER)
def test_what_means_another_image_is_another(case: str) -> None:
    """Also where it only may be the same."""
    one, other = map(read, OTHER[case])

    assert not one.is_same(other)
    assert not other.is_same(one)


@pytest.mark.parametrize("text", SHORT)
def test_an_image_is_shown_as_people_write_it(text: str) -> None:
    """Without what is meant anyway."""
    assert short_name(read(text)) == SHORT[text]


@given(references)
def test_the_short_name_means_the_same(text: str) -> None:
    """It can be written in place of the long one."""
    image = read(text)

    again = read(short_name(image), image.digest)

    assert again.is_same(image)
    assert short_name(again) == short_name(image)


def test_a_digest_may_be_known_besides() -> None:
    """That in the reference itself goes before."""
    assert read("python:3.12", A).digest == A
    assert read(f"python:3.12@{B}", A).digest == B


@pytest.mark.parametrize("text", ["", "${BASE}", "python:", "Python", "https://x/y", "a b", "x@sha256:1"])
def test_what_is_no_reference_means_nothing(text: str) -> None:
    """An ARG without a value, for instance."""
    assert meant(text) is None


def test_scratch_is_no_image() -> None:
    """But an image of somebody's may be called so."""
    assert read("scratch").is_nothing
    assert short_name(read("docker.io/library/scratch")) == "scratch"
    assert not read("registry.example.com/scratch").is_nothing
