from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.evidence import Claim, Kind, Source, ToldBase, agree, only_base, stood_on, told_bases

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def label(reference: str, digest: str | None = B) -> Claim:
    return Claim(Source.LABEL, reference, digest, Kind.FINAL, "the label")


def loaded(reference: str, digest: str | None = A, kind: Kind = Kind.UNKNOWN) -> Claim:
    return Claim(Source.PROVENANCE, reference, digest, kind, "the provenance")


SYNTAX = loaded("docker/dockerfile:1", kind=Kind.SYNTAX)


@pytest.mark.parametrize(
    ("sentence", "claims", "told"),
    [
        ("nothing is told", [], []),
        ("a label alone", [label("python:3")], [("python:3", B, Kind.FINAL, Source.LABEL)]),
        ("provenance alone", [loaded("python:3")], [("python:3", A, Kind.UNKNOWN, Source.PROVENANCE)]),
        ("both name the same", [label("python:3"), loaded("docker.io/library/python:3")],
         [("python:3", A, Kind.FINAL, Source.PROVENANCE)]),
        ("the label says which of two", [label("python:3"), loaded("go:1", B), loaded("python:3")],
         [("python:3", A, Kind.FINAL, Source.PROVENANCE), ("go:1", B, Kind.UNKNOWN, Source.PROVENANCE)]),
        ("provenance is believed before a label", [label("debian:12"), loaded("python:3")],
         [("python:3", A, Kind.UNKNOWN, Source.PROVENANCE)]),
        ("who reads the Dockerfile is not loaded", [label("debian:12"), SYNTAX],
         [("debian:12", B, Kind.FINAL, Source.LABEL),
          ("docker/dockerfile:1", A, Kind.SYNTAX, Source.PROVENANCE)]),
        ("scratch is no base", [label("scratch", None)], []),
    ],
)  # fmt: skip
def test_what_an_image_tells(
    sentence: str, claims: list[Claim], told: list[tuple[str, str, Kind, Source]]
) -> None:
    """Provenance says what was loaded, a label what of it the image stands on."""
    assert told_bases(agree(claims)) == tuple(ToldBase(*one) for one in told), sentence


@pytest.mark.parametrize(
    ("sentence", "claims", "base"),
    [
        ("one was loaded", [loaded("python:3"), SYNTAX], "python:3"),
        ("the label says which", [loaded("go:1", B), loaded("python:3"), label("python:3")], "python:3"),
        ("two were loaded", [loaded("go:1", B), loaded("python:3")], None),
        ("two platforms stand on two", [label("python:3"), label("python:3-arm")], None),
        ("nothing is told", [SYNTAX], None),
    ],
)
def test_the_one_base_that_a_rebase_needs(sentence: str, claims: list[Claim], base: str | None) -> None:
    """Never one of several."""
    found = only_base(told_bases(agree(claims)))
    assert (found.reference if found else None) == base, sentence


def test_layers_tell_what_provenance_leaves_open() -> None:
    """What the image was proven to stand on comes first; what reads the Dockerfile stays that."""
    bases = told_bases(agree([loaded("go:1", B), loaded("python:3"), SYNTAX]))
    proven = stood_on(bases, A)
    assert [(base.reference, base.kind) for base in proven] == [
        ("python:3", Kind.FINAL),
        ("go:1", Kind.UNKNOWN),
        ("docker/dockerfile:1", Kind.SYNTAX),
    ]


CLAIMS = st.lists(
    st.builds(label, st.sampled_from(["python:3", "go:1", "debian:12", "scratch", "${BASE}"]))
    | st.builds(
        loaded,
        st.sampled_from(["python:3", "go:1", "docker.io/library/python:3"]),
        kind=st.sampled_from([Kind.UNKNOWN, Kind.SYNTAX]),
    )
)


@given(CLAIMS)
def test_no_image_is_told_twice_and_none_is_made_up(claims: list[Claim]) -> None:
    """Whatever is said, in whatever order."""
    told = told_bases(agree(claims))
    names = [base.reference for base in told]
    assert len(names) == len(set(names))
    assert {*names} <= {"python:3", "go:1", "debian:12"}
    assert not told or only_base(told) is None or only_base(told) in told
