from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.evidence.agreement import AgreedBase, agree, without_inherited
from slipway.build.evidence.claims import Claim, Kind, Source

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
FILE = "the Dockerfile at 3f9c1e2"
BUILD = "the provenance of the image"
LABEL = "the label org.opencontainers.image.base.name of the image"


def written(reference: str, kind: Kind = Kind.FINAL, digest: str | None = None) -> Claim:
    """What the Dockerfile says."""
    return Claim(Source.DOCKERFILE, reference, digest, kind, FILE)


def loaded(reference: str, digest: str | None = None, kind: Kind = Kind.UNKNOWN) -> Claim:
    """What provenance says."""
    return Claim(Source.PROVENANCE, reference, digest, kind, BUILD)


def label(reference: str, digest: str | None = None) -> Claim:
    """What the label says."""
    return Claim(Source.LABEL, reference, digest, Kind.FINAL, LABEL)


IN_AGREEMENT: dict[str, list[Claim]] = {
    "nobody says anything": [],
    "one source alone": [written("python:3.12"), written("golang:1.25", Kind.BUILDER)],
    "the same, written otherwise": [written("python"), label("docker.io/library/python:latest")],
    "provenance knows more": [written("python:3.12"), loaded("python:3.12"), loaded("alpine:3")],
    "the frontend is another one": [
        written("docker/dockerfile:1", Kind.SYNTAX),
        written("a"),
        loaded("a"),
    ],
    "one of several platforms stands on what the label says": [
        written("python:3.12"),
        written("python:3.12-arm"),
        label("python:3.12-arm"),
    ],
    "other digests": [written("a:1", digest=A), loaded("a:1", B), label("a:1", "sha256:" + "c" * 64)],
    "images for two platforms": [label("python:3.12"), label("python:3.12-windows")],
    "a digest alone": [written(f"a@{A}"), loaded("a:1", A), label("a:1", A)],
    "an empty image, of which provenance knows a builder": [
        written("scratch"),
        written("golang:1", Kind.BUILDER),
        loaded("golang:1"),
    ],
    "an ARG without a value": [written("${BASE}"), label("python:3.12"), loaded("python:3.12")],
}

IN_DISAGREEMENT = {
    "Dockerfile and label": (
        [written("python:3.12-slim"), label("docker.io/library/python:3.11-slim")],
        f"{FILE} says python:3.12-slim, {LABEL} says python:3.11-slim",
    ),
    "an empty image and a label": (
        [written("scratch"), label("python:3.11")],
        f"{FILE} says scratch, {LABEL} says python:3.11",
    ),
    "a final base that no build loaded": (
        [written("python:3.12"), loaded("python:3.11"), loaded("golang:1")],
        f"{FILE} says python:3.12, {BUILD} names python:3.11, golang:1",
    ),
    "a copied image that no build loaded": (
        [written("a"), written("tools:2", Kind.COPY_FROM), loaded("a"), loaded("tools:1")],
        f"{FILE} says tools:2, {BUILD} names a:latest, tools:1",
    ),
    "a label and provenance": (
        [label("python:3.12"), loaded("python:3.11")],
        f"{LABEL} says python:3.12, {BUILD} names python:3.11",
    ),
    "more than a sentence can list": (
        [label("z:1"), *(loaded(f"a:{number}") for number in range(7))],
        f"{LABEL} says z:1, {BUILD} names a:0, a:1, a:2, a:3, a:4 and 2 more",
    ),
}

names = st.sampled_from(["a", "a:1", "docker.io/library/a:1", "b:1", f"b@{A}", "scratch", "${X}", ""])
claims = st.builds(
    Claim,
    st.sampled_from(Source),
    names,
    st.sampled_from([None, A, B]),
    st.sampled_from(Kind),
    st.sampled_from(["the one", "the other"]),
)


@pytest.mark.parametrize("case", IN_AGREEMENT)
def test_sources_that_mean_the_same_agree(case: str) -> None:
    """No condition is shown for what is only written otherwise."""
    assert agree(IN_AGREEMENT[case]).disagreements == ()


@pytest.mark.parametrize("case", IN_DISAGREEMENT)
def test_sources_that_disagree_are_both_shown(case: str) -> None:
    """With who says what."""
    said, want = IN_DISAGREEMENT[case]

    assert agree(said).disagreements == (want,)
    assert len(agree(reversed(said)).disagreements) == 1


def test_the_dockerfile_says_what_counts_and_the_registry_adds_digests() -> None:
    """What only others name is none of the bases."""
    agreement = agree(
        [
            label("golang", A),
            loaded("golang:latest", B),
            loaded("alpine:3"),
            written("golang"),
            written("golang", Kind.BUILDER),
            written("tools:1", Kind.COPY_FROM),
            written("scratch"),
        ]
    )

    assert agreement.bases == (
        AgreedBase(
            "golang:latest",
            (Kind.FINAL, Kind.BUILDER),
            (B, A),
            (Source.DOCKERFILE, Source.PROVENANCE, Source.LABEL),
        ),
        AgreedBase("tools:1", (Kind.COPY_FROM,), (), (Source.DOCKERFILE,)),
    )


def test_bases_of_the_spec_count_like_those_of_a_dockerfile() -> None:
    """They say what is built next; who contradicts them is told."""
    spec = Claim(Source.SPEC, "python:3.12", None, Kind.FINAL, "spec.bases")
    agreement = agree([label("debian:12"), spec, loaded("python:3.12", A)])
    assert [(base.reference, base.sources) for base in agreement.bases] == [
        ("python:3.12", (Source.SPEC, Source.PROVENANCE))
    ]
    assert agreement.disagreements == (
        f"spec.bases says python:3.12, {LABEL} says debian:12",
        f"{LABEL} says debian:12, {BUILD} names python:3.12",
    )


def test_without_a_dockerfile_the_registry_says_what_counts() -> None:
    """A label tells what the image stands on; of the rest nobody says what it was loaded for."""
    agreement = agree([label("python:3.12", A), loaded("python:3.12", B), loaded("golang:1", B)])

    assert agreement.bases == (
        AgreedBase("python:3.12", (Kind.FINAL,), (B, A), (Source.PROVENANCE, Source.LABEL)),
        AgreedBase("golang:1", (Kind.UNKNOWN,), (B,), (Source.PROVENANCE,)),
    )


def test_an_inherited_label_is_left_out() -> None:
    """The base carries it too: it says what that one stands on."""
    own, inherited = label("base:2", A), label("debian:12", B)

    assert without_inherited([own, inherited, loaded("debian:12", B)], [inherited]) == (
        own,
        loaded("debian:12", B),
    )
    assert without_inherited([inherited], [label("debian:12", A), loaded("debian:12", B)]) == (inherited,)


@given(st.lists(claims, max_size=8))
def test_whatever_is_said_can_be_taken_together(said: list[Claim]) -> None:
    """Each base once, from somebody who named it; each sentence names two who spoke."""
    agreement = agree(said)

    assert len({base.reference for base in agreement.bases}) == len(agreement.bases)
    assert len(set(agreement.disagreements)) == len(agreement.disagreements)
    for base in agreement.bases:
        assert base.sources
        assert base.kinds
        assert Kind.UNKNOWN not in base.kinds or len(base.kinds) == 1
        assert not base.reference.startswith("scratch")
    for sentence in agreement.disagreements:
        assert sentence.count("the one") + sentence.count("the other") == 2


@given(st.lists(claims, max_size=6))
def test_to_say_it_twice_changes_nothing(said: list[Claim]) -> None:
    """Several platforms say the same."""
    assert agree([*said, *said]) == agree(said)


@given(st.lists(claims, max_size=6))
def test_one_voice_contradicts_nobody(said: Iterable[Claim]) -> None:
    """What a single Dockerfile says is never in doubt."""
    alone = [claim for claim in said if claim.source is Source.DOCKERFILE]

    assert agree(alone).disagreements == ()
