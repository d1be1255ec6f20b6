"""Package URLs as BuildKit, the specification's examples and others write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.evidence.packageurl import image_of
from slipway.build.evidence.references import meant

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
ESCAPED = A.replace(":", "%3A")

READ = {
    "an official image": ("pkg:docker/python@3.12-slim?platform=linux%2Famd64", ("python:3.12-slim", None)),
    "an image of somebody's": ("pkg:docker/bitnami/redis@7", ("bitnami/redis:7", None)),
    "another registry": (
        "pkg:docker/registry.example.com/base/python@3.12?platform=linux%2Farm64",
        ("registry.example.com/base/python:3.12", None),
    ),
    "a registry with a port": (
        "pkg:docker/localhost%3A5000/base/python@3.12",
        ("localhost:5000/base/python:3.12", None),
    ),
    "a tag pinned to a digest": (
        f"pkg:docker/python@3.12?digest={A}&platform=linux%2Famd64",
        ("python:3.12", A),
    ),
    "a digest alone, as qualifier": (f"pkg:docker/python?digest={ESCAPED}", (f"python@{A}", A)),
    "a digest alone, as version": (f"pkg:docker/python@{ESCAPED}", (f"python@{A}", A)),
    "a digest twice": (f"pkg:docker/python@{ESCAPED}?digest={A}", (f"python@{A}", A)),
    "neither tag nor digest": ("pkg:docker/python", ("python", None)),
    "the registry as qualifier": (
        f"pkg:docker/customer/image@{ESCAPED}?repository_url=gcr.io",
        (f"gcr.io/customer/image@{A}", A),
    ),
    "a path within": ("pkg:docker/python@3.12#etc/os-release", ("python:3.12", None)),
}

REFUSED = {
    "another type": "pkg:golang/github.com/x/y@1",
    "no package URL": "https://example.com/x.tar.gz",
    "no name": "pkg:docker/",
    "two digests": f"pkg:docker/python@{ESCAPED}?digest={B}",
    "a name that none can have": "pkg:docker/Py%20thon@1",
    "a tag that none can have": "pkg:docker/python@a%2Fb",
    "a novel": "pkg:docker/" + "x" * 3000,
}


@pytest.mark.parametrize("case", READ)
def test_the_image_of_a_package_url_is_read(case: str) -> None:
    """Reference and digest."""
    url, want = READ[case]

    assert image_of(url) == want


@pytest.mark.parametrize("case", REFUSED)
def test_what_names_no_image_is_refused(case: str) -> None:
    """As is what contradicts itself."""
    assert image_of(REFUSED[case]) is None


@given(st.text("a:/@?&=#%dige3s.", max_size=40) | st.text(max_size=20))
def test_whatever_is_read_is_a_reference(text: str) -> None:
    """Of no URL does anything else come out."""
    found = image_of(f"pkg:docker/{text}")

    if found is not None:
        image = meant(*found)
        assert image is not None
        assert found[1] is None or image.digest == found[1]
