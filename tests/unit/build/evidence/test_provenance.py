"""Statements as BuildKit and GitHub write them, and as nobody should."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev.image_composer import compose, copy
from slipway.build.evidence.claims import Claim, Kind, Source, SourceCommit
from slipway.build.evidence.provenance import Provenance, read_provenance
from tests.support.provenance import (
    bundle,
    commit_material,
    envelope,
    image_material,
    slsa_v02,
    slsa_v1,
)

A, COMMIT = "sha256:" + "a" * 64, "3f9c1e2" + "0" * 33
PART = compose(None, [copy({"/a": "1"})]).platforms[0]
MATERIALS = [
    image_material("pkg:docker/python@3.12-slim?platform=linux%2Famd64", A),
    image_material("pkg:docker/docker/dockerfile@1.9", A),
    image_material("pkg:docker/docker/buildkit-syft-scanner@stable-1", A),
    commit_material("https://github.com/shop/api.git#refs/heads/main", COMMIT),
    {"uri": "https://example.com/tool.tar.gz", "digest": {"sha256": "b" * 64}},
]
SPEAKER = "the provenance of the image"
READ = Provenance(
    claims=(
        Claim(Source.PROVENANCE, "python:3.12-slim", A, Kind.UNKNOWN, SPEAKER),
        Claim(Source.PROVENANCE, "docker/dockerfile:1.9", A, Kind.SYNTAX, SPEAKER),
    ),
    commits=(SourceCommit("https://github.com/shop/api.git", "refs/heads/main", COMMIT),),
)

COMMITS = {
    "a directory of a branch": (
        commit_material("https://h/shop/api.git#main:apps/api", COMMIT),
        ("https://h/shop/api.git", "main"),
    ),
    "no branch": (commit_material("https://h/shop/api.git", COMMIT), ("https://h/shop/api.git", "")),
    "ssh": (commit_material("git@h:shop/api.git#v1", COMMIT), ("git@h:shop/api.git", "v1")),
    "GitHub's own way": (
        {"uri": "git+https://github.com/shop/api@refs/heads/main", "digest": {"gitCommit": COMMIT}},
        ("https://github.com/shop/api", "refs/heads/main"),
    ),
    "git's url with a user and no ref": (
        {"uri": "git+ssh://git@github.com/shop/api", "digest": {"gitCommit": COMMIT}},
        ("ssh://git@github.com/shop/api", ""),
    ),
    "a password": (
        commit_material("https://ann:hunter2@h/shop/api.git#main", COMMIT),
        ("https://h/shop/api.git", "main"),
    ),
}

NO_COMMIT: dict[str, Any] = {
    "half a commit": commit_material("https://h/x.git", COMMIT[:12]),
    "a file": {"uri": "https://h/x.tgz", "digest": {"sha256": "b" * 64}},
    "an image by its SHA-1": {"uri": "pkg:docker/python@3", "digest": {"sha1": COMMIT}},
    "no url": {"digest": {"sha1": COMMIT}},
    "a list for a digest": {"uri": "https://h/x.git", "digest": [COMMIT]},
}

UNREADABLE = {
    "no JSON": (b"{", "it is not JSON"),
    "nothing": (b"", "it is not JSON"),
    "no text": (b"\xff\xfe", "it is not JSON"),
    "no object": (b"[1]", "it is no JSON object"),
    "nested without end": (b'{"a":' * 100_000, "nested too deeply"),
    "nested deeply to the end": (b'{"a":' * 5000 + b"1" + b"}" * 5000, "nested too deeply"),
    "a number that is none": (b'{"predicateType": NaN}', "it is not JSON"),
    "no type": (b"{}", "it has no predicateType"),
    "a number for a type": (b'{"predicateType": 1}', "it has no predicateType"),
    "an envelope of something else": (b'{"payloadType": "text/plain", "payload": ""}', "holds 'text/plain'"),
    "an envelope that is broken": (
        b'{"payloadType": "application/vnd.in-toto+json", "payload": "\xc3\xa9"}',
        "is not base64",
    ),
    "an empty envelope": (b'{"payloadType": "application/vnd.in-toto+json", "payload": ""}', "not JSON"),
}

NOISE = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["pkg:docker/python@3", "pkg:docker/%", "https://h/x.git#main", COMMIT, "a" * 64])
)
KEYS = st.sampled_from(
    [
        "uri",
        "digest",
        "sha256",
        "sha1",
        "materials",
        "buildDefinition",
        "resolvedDependencies",
        "configSource",
    ]
)
documents = st.recursive(
    NOISE, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=8
)


def read(statement: Any, *about: str) -> Provenance:
    """What a statement says of the image of these tests."""
    return read_provenance(json.dumps(statement).encode(), about or {PART.manifest.digest})


@pytest.mark.parametrize("make", [slsa_v02, slsa_v1])
@pytest.mark.parametrize("wrap", [dict, envelope, bundle])
def test_images_and_commits_are_read(make: Callable[..., Any], wrap: Callable[..., Any]) -> None:
    """From both versions, bare, in an envelope, and in a bundle; what only scans the result is left out."""
    assert read(wrap(make(PART, MATERIALS))) == READ


@pytest.mark.parametrize("make", [slsa_v02, slsa_v1])
def test_the_commit_of_the_dockerfile_comes_first(make: Callable[..., Any]) -> None:
    """Other repositories that a build reads come after it."""
    other = commit_material("https://github.com/tools/x.git#v1", "1" * 40)
    source = commit_material("https://github.com/shop/api.git#refs/heads/main", COMMIT)

    found = read(make(PART, [other, source], source | {"entryPoint": "Dockerfile"}))

    assert [one.commit for one in found.commits] == [COMMIT, "1" * 40]


@pytest.mark.parametrize("case", COMMITS)
def test_a_commit_is_told_with_its_repository(case: str) -> None:
    """Without credentials."""
    material, (url, ref) = COMMITS[case]

    assert read(slsa_v1(PART, [material])).commits == (SourceCommit(url, ref, COMMIT),)


@pytest.mark.parametrize("case", NO_COMMIT)
def test_what_is_no_commit_is_not_taken_for_one(case: str) -> None:
    """Nor is anything noted: a build may load whatever it likes."""
    assert read(slsa_v02(PART, [NO_COMMIT[case]])).commits == ()


def test_a_statement_about_another_image_does_not_count() -> None:
    """One about the index does, and one that says of nothing what it is about."""
    other = read(slsa_v02(PART, MATERIALS), "sha256:" + "0" * 64)

    assert (other.claims, other.commits) == ((), ())
    assert "speaks of another image" in other.notes[0]
    assert read(slsa_v02(PART, MATERIALS), "sha256:" + "0" * 64, PART.manifest.digest) == READ
    assert read(slsa_v02(None, MATERIALS)) == READ


def test_what_is_no_provenance_is_passed_over() -> None:
    """An SBOM is a statement too."""
    sbom = slsa_v02(PART, MATERIALS) | {"predicateType": "https://spdx.dev/Document"}

    assert read(sbom) == Provenance()


@pytest.mark.parametrize("url", ["pkg:docker/", "pkg:docker/Py%20thon@1?token=hunter2"])
def test_an_image_that_cannot_be_read_is_noted(url: str) -> None:
    """The others count; what looks like a secret is not repeated."""
    found = read(slsa_v02(PART, [image_material(url), *MATERIALS]))

    assert found.claims == READ.claims
    assert len(found.notes) == 1
    assert "which is no image reference" in found.notes[0]
    assert "hunter2" not in found.notes[0]


def test_an_image_without_a_digest_is_a_claim_all_the_same() -> None:
    """And one that names its digest in the URL alone has that one."""
    pinned = {"uri": f"pkg:docker/golang@1?digest={A}"}

    found = read(slsa_v1(PART, [{"uri": "pkg:docker/python@3"}, pinned]))

    assert [(claim.reference, claim.digest) for claim in found.claims] == [
        ("python:3", None),
        ("golang:1", A),
    ]


def test_materials_without_end_are_cut_off() -> None:
    """With a note."""
    found = read(slsa_v02(PART, [image_material(f"pkg:docker/a{number}@1") for number in range(1001)]))

    assert len(found.claims) == 1000
    assert "more than 1000 materials" in found.notes[0]


@pytest.mark.parametrize("case", UNREADABLE)
def test_what_is_no_statement_is_noted(case: str) -> None:
    """In a sentence that says what is wrong with it."""
    content, words = UNREADABLE[case]

    found = read_provenance(content, {PART.manifest.digest})

    assert (found.claims, found.commits) == ((), ())
    assert len(found.notes) == 1
    assert found.notes[0].startswith("the provenance of the image cannot be read: ")
    assert words in found.notes[0]


@given(st.binary(max_size=40))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    """They become a note."""
    assert read_provenance(content, {A}).claims == ()


@given(st.sampled_from([slsa_v02, slsa_v1]), documents, documents)
def test_no_shape_breaks_the_reader(make: Callable[..., Any], materials: Any, source: Any) -> None:
    """Whatever stands where something else belongs."""
    statement = make(None, [])
    predicate = statement["predicate"]
    place = predicate if make is slsa_v02 else predicate["buildDefinition"]
    place["materials" if make is slsa_v02 else "resolvedDependencies"] = materials
    place["invocation" if make is slsa_v02 else "externalParameters"] = source

    found = read(statement)

    assert all(claim.source is Source.PROVENANCE for claim in found.claims)
    assert all(len(one.commit) in {40, 64} for one in found.commits)
    assert all(len(note) < 300 for note in found.notes)
