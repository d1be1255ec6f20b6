from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.dockerfile import Analysis, DockerfileError, UseKind, analyse
from slipway.oci.errors import InvalidReference
from tests.support.dockerfiles import FILES, generated_files, random_texts

DIGEST = "sha256:" + "0" * 64
FINAL, BUILDER, COPY_FROM, SYNTAX = UseKind


def uses(analysis: Analysis) -> list[str]:
    """All uses in short: image, platform, kind, stage and line."""
    return [
        f"{str(base.reference).removeprefix('docker.io/library/')}{'@' * bool(base.platform)}{base.platform} "
        f"{use.kind} {use.stage or '-'} {use.line}"
        for base in analysis.bases
        for use in base.uses
    ]


def refusal(text: str) -> DockerfileError | None:
    """Why a file is refused; None when it is not."""
    try:
        analyse(text)
    except DockerfileError as refused:
        return refused
    return None


def is_analysed(text: str) -> bool:
    return refusal(text) is None


@dataclass(frozen=True)
class Case:
    """A file, how it is built, and what its build needs."""

    text: str
    needs: list[str]
    target: str = ""
    build_args: Mapping[str, str] = field(default_factory=dict)
    platform: str = "linux/amd64"


THREE = """\
FROM golang:1 AS build
FROM node:20 AS assets
COPY --from=tools:1 /t /t
FROM alpine:3
COPY --from=build /a /a
"""

CASES = {
    "one stage stands on one image": Case("FROM python:3.12\n", ["python:3.12 Final 0 1"]),
    "an image without tag has the tag latest": Case("FROM python\n", ["python:latest Final 0 1"]),
    "an image with a digest keeps it and needs no tag": Case(
        f"FROM python@{DIGEST}\n", [f"python@{DIGEST} Final 0 1"]
    ),
    "an image with tag and digest keeps both": Case(
        f"FROM python:3@{DIGEST}\n", [f"python:3@{DIGEST} Final 0 1"]
    ),
    "an image of another registry": Case("FROM Ghcr.io/shop/api:1\n", ["ghcr.io/shop/api:1 Final 0 1"]),
    "scratch is no image": Case(
        "FROM scratch\nCOPY --from=scratch a b\nRUN --mount=from=scratch,target=/a b\n", []
    ),
    "an image in quotes": Case('FROM "python:3" AS a\n', ["python:3 Final a 1"]),
    "a stage is named in any case": Case("FROM a AS Build\nFROM BUILD\n", ["a:latest Final build 1"]),
    "copies name stages in any case": Case(
        "FROM a AS Build\nFROM b\nCOPY --from=BUILD c d\n", ["a:latest Builder build 1", "b:latest Final 1 2"]
    ),
    "the image of a stage that is copied from is a builder's": Case(
        THREE, ["golang:1 Builder build 1", "alpine:3 Final 2 4"]
    ),
    "what the target does not need does not count": Case(THREE, ["golang:1 Final build 1"], target="build"),
    "a target is named in any case": Case(THREE, ["golang:1 Final build 1"], target="BUILD"),
    "a target is an index": Case(THREE, ["node:20 Final assets 2", "tools:1 CopyFrom assets 3"], target="1"),
    "the final image is found through a chain of stages": Case(
        "FROM a AS x\nFROM x AS y\nFROM b AS z\nFROM y\n", ["a:latest Final x 1"]
    ),
    "a stage of the chain that is copied from stays final": Case(
        "FROM a AS x\nFROM x\nCOPY --from=x b c\n", ["a:latest Final x 1"]
    ),
    "what a stage of the chain copies from is needed": Case(
        "FROM a AS x\nFROM b AS y\nCOPY --from=x c d\nFROM y\n",
        ["a:latest Builder x 1", "b:latest Final y 2"],
    ),
    "one image in several uses is one": Case(
        "FROM a:1 AS x\nFROM a:1\nCOPY --from=x b c\nCOPY --from=docker.io/library/a:1 d e\n",
        ["a:1 Builder x 1", "a:1 Final 1 2", "a:1 CopyFrom 1 4"],
    ),
    "one image for two platforms is two": Case(
        "FROM --platform=linux/arm64 a AS x\nFROM a\nCOPY --from=x b c\n",
        ["a:latest@linux/arm64 Builder x 1", "a:latest Final 1 2"],
    ),
    "the platform may be a variable": Case(
        "ARG P=linux/s390x\nFROM --platform=$BUILDPLATFORM a AS x\n"
        "FROM --platform=${P} b\nCOPY --from=x c d\n",
        ["a:latest@linux/amd64 Builder x 2", "b:latest@linux/s390x Final 1 3"],
        platform="linux/arm64",
    ),
    "a stage keeps the platform of the one it stands on": Case(
        "FROM a AS x\nFROM --platform=linux/arm64 x\n", ["a:latest Final x 1"]
    ),
    "a copy by index": Case(
        "FROM a\nFROM b\nCOPY --from=0 c d\n", ["a:latest Builder 0 1", "b:latest Final 1 2"]
    ),
    "a mount knows no index": Case(
        "FROM a\nFROM b\nRUN --mount=from=0,target=/x c\n", ["b:latest Final 1 2", "0:latest CopyFrom 1 3"]
    ),
    "mounts of all types, several in one RUN": Case(
        "FROM a AS x\nFROM b\n"
        "RUN --mount=type=bind,from=x,target=/1 --mount=from=c,target=/2 \\\n"
        "    --mount=type=cache,FROM=d:1,target=/3 --mount=type=tmpfs,from=e,target=/4 f\n",
        [
            *("a:latest Builder x 1", "b:latest Final 1 2", "c:latest CopyFrom 1 3"),
            *("d:1 CopyFrom 1 4", "e:latest CopyFrom 1 4"),
        ],
    ),
    "a mount without from takes nothing": Case(
        "FROM a\nRUN --mount=type=cache,target=/b --mount=type=secret,id=c --mount=from=,target=/d e\n",
        ["a:latest Final 0 1"],
    ),
    "a mount in quotes": Case(
        'FROM a\nRUN --mount="type=bind,from=b,target=/c d" e\n',
        ["a:latest Final 0 1", "b:latest CopyFrom 0 2"],
    ),
    "the same mount twice in a line is one use": Case(
        "FROM a\nRUN --mount=from=b,target=/c --mount=from=b,target=/d e\n",
        ["a:latest Final 0 1", "b:latest CopyFrom 0 2"],
    ),
    "flags of ADD and of others take from nowhere": Case(
        "FROM a\nADD --from=b c d\nCMD --from=e f\n", ["a:latest Final 0 1"]
    ),
    "an empty from takes from nowhere": Case('FROM a\nCOPY --from="" b c\n', ["a:latest Final 0 1"]),
    "a copy in JSON": Case(
        'FROM a\nCOPY --from=b ["c d", "e"]\n', ["a:latest Final 0 1", "b:latest CopyFrom 0 2"]
    ),
    "a stage named like its image": Case(
        "FROM nginx AS nginx\nFROM nginx\nCOPY --from=nginx a b\n", ["nginx:latest Final nginx 1"]
    ),
    "of two stages with one name FROM means the one above": Case(
        "FROM a AS x\nFROM x AS y\nFROM b AS x\nFROM y\n", ["a:latest Final x 1"]
    ),
    "of two stages with one name copies mean the last": Case(
        "FROM a AS x\nFROM b AS x\nFROM c\nCOPY --from=x d e\n",
        ["b:latest Builder x 2", "c:latest Final 2 3"],
    ),
    "a stage that is called scratch": Case("FROM a AS scratch\nFROM scratch\n", ["a:latest Final scratch 1"]),
    "an image whose name a later stage has": Case(
        "FROM x\nFROM a AS x\n", ["x:latest Final 0 1"], target="0"
    ),
    "the syntax is an image too": Case(
        "# syntax=docker/dockerfile:1 --x\nFROM a\n",
        ["docker.io/docker/dockerfile:1 Syntax - 1", "a:latest Final 0 2"],
    ),
    "text in heredocs is no instruction": Case(
        "FROM a\nRUN <<E\nFROM b\nCOPY --from=c d e\nE\nCOPY <<'F G' /h\nFROM i\nF G\n",
        ["a:latest Final 0 1"],
    ),
    "triggers run where their stage is stood on": Case(
        "FROM a AS x\nONBUILD COPY --from=b c d\nONBUILD RUN --mount=from=y,target=/e f\n"
        "FROM g AS y\nFROM x\n",
        ["a:latest Final x 1", "b:latest CopyFrom 2 2", "g:latest Builder y 4"],
    ),
    "triggers do not run in their own stage": Case(
        "FROM a\nONBUILD COPY --from=b c d\n", ["a:latest Final 0 1"]
    ),
    "triggers do not run in the second stage": Case(
        "FROM a AS x\nONBUILD COPY --from=b c d\nFROM x AS y\nFROM y\n",
        ["a:latest Final x 1", "b:latest CopyFrom y 2"],
    ),
    "an argument with a default": Case("ARG V=3.12\nFROM python:${V}-slim\n", ["python:3.12-slim Final 0 2"]),
    "a build argument wins over the default": Case(
        "ARG V=3.12\nFROM python:$V\n", ["python:3.13 Final 0 2"], build_args={"V": "3.13"}
    ),
    "an argument may use those before it": Case(
        "ARG A=1 B=$A.2\nARG C=${B}\nARG C\nFROM a:$C\n", ["a:1.2 Final 0 4"]
    ),
    "a modifier gives what is missing": Case(
        "ARG A\nARG B=\nFROM ${A:-a}${B:-b}${B-c}:${A+d}${B+e}${B:+f}\n", ["ab:e Final 0 3"]
    ),
    "patterns cut a value": Case(
        "ARG V=3.12.1-slim\nFROM a:${V%.*}-${V##*-}-${V/slim/fat}\n", ["a:3.12-slim-3.12.1-fat Final 0 2"]
    ),
    "an argument may name a stage": Case(
        "ARG X=debug\nFROM a AS release\nFROM b AS debug\nFROM ${X}\n", ["b:latest Final debug 3"]
    ),
    "an unset argument is empty where that leaves a name": Case(
        "ARG SUFFIX\nFROM alpine:3${SUFFIX}${OTHER}\n", ["alpine:3 Final 0 2"]
    ),
    "arguments of a stage do not count in FROM": Case(
        "ARG V=1\nFROM a\nARG V=2\nENV V=3\nFROM b:$V\n", ["b:1 Final 1 5"]
    ),
    "platforms are there without ARG": Case(
        "FROM a:$TARGETOS-$TARGETARCH-$TARGETVARIANT-$BUILDARCH-$TARGETSTAGE-${TARGETOSVERSION}x AS s\n",
        ["a:linux-arm-v7-amd64-s-x Final s 1"],
        platform="linux/arm/v7",
    ),
    "the target is known by what it is called with": Case(
        "FROM a:$TARGETSTAGE AS s\n", ["a:S Final s 1"], target="S"
    ),
    "a build argument may replace a platform": Case(
        "FROM a:$TARGETARCH\n", ["a:riscv64 Final 0 1"], build_args={"TARGETARCH": "riscv64"}
    ),
    "an escaped dollar is none": Case("ARG V=1\nFROM a:${V:-\\$}\n", ["a:1 Final 0 2"]),
    "the escape directive counts in names": Case("# escape=`\nFROM a:`1\n", ["a:1 Final 0 2"]),
    "what is never built may be wrong": Case(
        "FROM ${NOTHING} AS x\nCOPY --from=$Y a b\nFROM A:B\nFROM a\n", ["a:latest Final 2 4"]
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_images_of_a_build_are_told_with_their_uses(case: Case) -> None:
    analysis = analyse(case.text, target=case.target, build_args=case.build_args, platform=case.platform)
    assert uses(analysis) == case.needs


REFUSED = {
    "an argument that nobody gives": (
        *("ARG BASE\nFROM ${BASE}\n", 2, 6),
        "${BASE} depends on BASE, which has no value: give the build argument BASE, or write ARG BASE=",
    ),
    "an argument that is not declared": (
        *("FROM python:$V\n", 1, 6),
        "depends on V, which has no value: write ARG V=<value> before the first FROM",
    ),
    "an argument of another stage": ("FROM a\nARG V=1\nFROM b:$V\n", 3, 6, "which has no value: write ARG V"),
    "a platform that nobody gives": ("FROM --platform=$P a\n", 1, 17, "$P depends on P, which has no value"),
    "an argument that is demanded": ("ARG V\nFROM a:${V:?which}\n", 2, 8, "V: which"),
    "an argument that demands another": ("ARG V=${W:?}\nFROM a\n", 1, 7, "W: it must be given"),
    "an argument without name": ("ARG =a\nFROM b\n", 1, 5, "ARG needs a name"),
    "no argument": ("ARG\nFROM b\n", 1, 1, "ARG needs a name"),
    "a name that is none": (
        "FROM Python\n",
        1,
        6,
        "'Python' is not an image reference: the repository must be",
    ),
    "a name in quotes that is empty": ('FROM ""\n', 1, 6, "'' is not an image reference"),
    "a name that is none in a copy": (
        "FROM a\nCOPY --from=B/C:! d e\n",
        2,
        6,
        "no stage above has that name",
    ),
    "a substitution that is not closed": ("FROM a:${V\n", 1, 8, "a substitution is not closed"),
    "a substitution that no builder knows": ("FROM a:${V^}\n", 1, 8, "that builders do not know"),
    "a default that is not closed": ("FROM a:${V:-b\n", 1, 13, "a substitution is not closed"),
    "a quote that is not closed": ("ARG A='b\nFROM c\n", 1, 7, "a ' is not closed"),
    "a substitution without name": ("FROM a:${}\n", 1, 8, "a substitution has no name"),
    "a variable in a copy": ("ARG X=a\nFROM a\nCOPY --from=$X b c\n", 3, 6, "variables do not count here"),
    "a variable in a mount on a line of its own": (
        *("FROM a\nRUN --mount=type=cache,target=/b \\\n  --mount=from=$X,target=/c d\n", 3, 3),
        "write FROM with that image AS a stage",
    ),
    "two sources of a copy": ("FROM a\nCOPY --from=b --from=c d e\n", 2, 15, "COPY has one --from"),
    "a source without value": ("FROM a\nCOPY --from b c\n", 2, 6, "--from has no value"),
    "a mount that is no list": ("FROM a\nRUN --mount='\"from=b' c\n", 2, 5, "--mount is written type=bind"),
    "a copy from the stage itself": (
        "FROM a AS x\nCOPY --from=x b c\n",
        2,
        6,
        "no stage 'x' before this one",
    ),
    "a copy from a later stage": (
        "FROM a AS z\nCOPY --from=x b c\nFROM d AS x\nFROM z\n",
        2,
        6,
        "no stage 'x'",
    ),
    "a copy from an index that is not there": ("FROM a\nCOPY --from=7 b c\n", 2, 6, "no stage '7'"),
    "a copy from a negative index": ("FROM a\nCOPY --from=-1 b c\n", 2, 6, "no stage '-1'"),
    "a stage name that is none": ("FROM a AS 1b\n", 1, 11, "'1b' cannot name a stage"),
    "FROM alone": ("FROM\n", 1, 1, "FROM is written FROM <image>"),
    "a comment behind FROM": ("FROM a # b\n", 1, 1, "without a comment"),
    "FROM with two platforms": (
        "FROM --platform=a --platform=b c\n",
        1,
        6,
        "write --platform=<os>/<architecture>",
    ),
    "FROM with an empty platform": ("FROM --platform= c\n", 1, 6, "write --platform=<os>/<architecture>"),
    "an instruction before FROM": ("# c\nRUN a\nFROM b\n", 2, 1, "RUN stands before the first FROM"),
    "no FROM": ("ARG A\n", 1, 1, "the file has no stage"),
    "no instruction": ("# a\n\n", 1, 1, "the file has no instruction"),
    "an unknown instruction": ("FROM a\n  FOO b\n", 2, 3, "there is no instruction 'FOO'"),
    "an unknown trigger": ("FROM a\nONBUILD FOO b\n", 2, 9, "there is no instruction 'FOO'"),
    "an escape character alone": ("FROM a\n\\\n", 2, 1, "there is no instruction ''"),
    "a trigger that cannot be": ("FROM a\nONBUILD FROM b\n", 2, 9, "FROM cannot be a trigger"),
    "a trigger of a trigger": ("FROM a\nONBUILD ONBUILD RUN b\n", 2, 9, "ONBUILD cannot be a trigger"),
    "no trigger": ("FROM a\nONBUILD\n", 2, 1, "ONBUILD needs an instruction"),
    "a syntax that is no image": ("# syntax=A\nFROM b\n", 1, 10, "'A' is not an image reference"),
    "a file for another frontend": (
        "// syntax=shop/frontend\nx\n",
        1,
        11,
        "read by shop/frontend and is no Dockerfile",
    ),
    "a file for another frontend in JSON": (
        '{"syntax": "shop/x"}',
        1,
        1,
        "read by shop/x and is no Dockerfile",
    ),
}


@pytest.mark.parametrize(("text", "line", "column", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_analysed_is_refused_with_its_place(
    text: str, line: int, column: int, message: str
) -> None:
    with pytest.raises(DockerfileError) as refused:
        analyse(text)
    assert message in refused.value.message
    assert (refused.value.line, refused.value.column) == (line, column)
    assert str(refused.value) == f"line {line}, column {column}: {refused.value.message}"


def test_a_build_argument_is_taken_as_it_is() -> None:
    """Variables in it are none."""
    with pytest.raises(DockerfileError, match=r"'python:1-\$W' is not an image reference"):
        analyse("ARG V\nARG W=1\nFROM python:$V\n", build_args={"V": "1-$W"})


def test_an_unknown_target_names_the_stages_there_are() -> None:
    with pytest.raises(DockerfileError, match="no stage 'test': its stages are build, assets, 0 to 2"):
        analyse(THREE, target="test")


@pytest.mark.parametrize("target", ["3", "-1", "99999999999999999999"])
def test_an_index_beyond_the_stages_is_refused(target: str) -> None:
    with pytest.raises(DockerfileError, match="has no stage"):
        analyse(THREE, target=target)


def test_a_platform_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidReference, match="is not a platform"):
        analyse("FROM a\n", platform="arm64")


def test_the_text_of_a_name_is_kept_beside_its_full_form() -> None:
    """Builders look for named contexts by what stands in the file once variables are replaced."""
    analysis = analyse("ARG V=3\nFROM python:${V}\nCOPY --from=docker.io/library/python:3 a b\n")
    (base,) = analysis.bases
    assert [use.written for use in base.uses] == ["python:3", "docker.io/library/python:3"]


def test_only_a_digest_pins() -> None:
    pinned, moving = analyse(f"FROM a:1@{DIGEST} AS x\nFROM b:1\nCOPY --from=x c d\n").bases
    assert pinned.is_pinned
    assert not moving.is_pinned


def test_the_final_base_is_found_among_the_images() -> None:
    analysis = analyse(THREE)
    assert analysis.final_base is not None
    assert analysis.final_base.is_used_as(FINAL)
    assert str(analysis.final_base.reference) == "docker.io/library/alpine:3"


def test_an_image_from_scratch_has_no_final_base() -> None:
    assert analyse("FROM a AS x\nFROM scratch\nCOPY --from=x b c\n").final_base is None


def test_stages_are_told_with_what_they_are_for() -> None:
    analysis = analyse("FROM a AS x\nFROM b\nFROM c AS y\nFROM y\nCOPY --from=x d e\n")
    told = [(stage.label, stage.line, stage.needed, stage.final) for stage in analysis.stages]
    assert told == [("x", 1, True, False), ("1", 2, False, False), ("y", 3, True, True), ("3", 4, True, True)]
    assert analysis.target == "3"


STEPS = """\
ARG A=1
FROM a AS tools
RUN never
FROM b AS base
ENV SECRET=x
ONBUILD RUN first
ONBUILD ARG C
ONBUILD ENV D=e
FROM base AS final
ARG B
copy --from=tools /t \\
  # why
  /t
RUN <<EOF
make
EOF
USER nobody
ONBUILD ADD . /src
"""


def test_the_steps_of_the_final_image_are_told_from_the_bottom_up() -> None:
    """Those of its stages alone; triggers where they run; and no settings, which may hold secrets."""
    analysis = analyse(STEPS)
    assert [(step.kind, step.stage, step.line, step.text) for step in analysis.steps] == [
        ("ENV", "base", 5, ""),
        ("RUN", "final", 6, "RUN first"),
        ("ENV", "final", 8, ""),
        ("COPY", "final", 11, "copy --from=tools /t   /t"),
        ("RUN", "final", 14, "RUN <<EOF\nmake\nEOF"),
        ("USER", "final", 17, ""),
    ]
    assert [step.line for step in analysis.runs] == [6, 14]


def test_what_an_image_keeps_for_those_on_top_of_it_is_told() -> None:
    """Of the target alone: triggers are not handed on."""
    (kept,) = analyse(STEPS).onbuild
    assert (kept.kind, kept.line, kept.text) == ("ADD", 18, "ADD . /src")
    assert [step.kind for step in analyse(STEPS, target="base").onbuild] == ["RUN", "ARG", "ENV"]


def test_lines_are_counted_with_windows_line_ends_and_a_byte_order_mark() -> None:
    analysis = analyse("\ufeff" + THREE.replace("\n", "\r\n"))
    assert uses(analysis) == uses(analyse(THREE))


LONG = "x" * 60_000
HOSTILE = {
    "values that double": "ARG A=" + "x" * 1000 + "\n" + "ARG A=$A$A\n" * 40 + "FROM a\n",
    "values that are brought in too often": f"ARG A={LONG}\n" + "ARG B=$A\n" * 40 + "FROM a\n",
    "replacements that multiply": f"ARG A={LONG}\nARG B=${{A//x/{'y' * 9000}}}\nFROM a\n",
    "patterns that backtrack": f"ARG A={LONG}\nARG B=${{A##*{'x?*' * 40}z}}\nFROM $B\n",
    "a pattern that is long": f"ARG B=${{A#{'x' * 129}}}\nFROM a\n",
    "substitutions within each other": "FROM " + "${a:-" * 1000 + "b" + "}" * 1000 + "\n",
    "too many instructions": "FROM a\n" * 10_001,
    "too much text": "FROM a\n#" + "x" * 262_144,
    "triggers that multiply": "FROM a AS b\n"
    + "ONBUILD COPY --from=c d e\n" * 300
    + "".join(f"FROM b AS s{number}\n" for number in range(40))
    + "FROM a\n"
    + "".join(f"COPY --from=s{number} a b\n" for number in range(40)),
    "arrays within each other": 'FROM a\nRUN ["b"]\nRUN ' + "[" * 100_000 + "\nFOO\n",
    "triggers within each other": "FROM a\n" + "ONBUILD " * 20_000 + "\n",
    "an index of many digits": f"FROM a\nCOPY --from={'1' * 100_000} b c\n",
    "a mount of many characters": f"FROM a\nRUN --mount=from={'b' * 200_000} c\n",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.timeout(10)
def test_hostile_files_are_refused_before_they_cost_much(text: str) -> None:
    with pytest.raises(DockerfileError):
        analyse(text)


@given(random_texts())
def test_any_text_is_analysed_or_refused_with_a_place_in_it(text: str) -> None:
    refused = refusal(text)
    if refused is not None:
        lines = text.split("\n")
        assert 1 <= refused.line <= len(lines)
        assert 1 <= refused.column <= len(lines[refused.line - 1]) + 1


def test_every_file_that_is_analysed_names_each_image_once() -> None:
    """And exactly one final base, or none."""
    for text in filter(is_analysed, [*FILES.values(), *generated_files(50)]):
        bases = analyse(text).bases
        keys = [(str(base.reference), base.platform) for base in bases]
        assert len(keys) == len(set(keys))
        assert sum(base.is_used_as(FINAL) for base in bases) <= 1


def reached_from(start: int, below: list[int], copied: list[set[int]]) -> set[int]:
    """The stages that one needs, itself among them."""
    reached, pending = set[int](), {start}
    while pending:
        index = pending.pop()
        reached.add(index)
        pending |= (copied[index] | ({below[index]} - {index})) - reached
    return reached


@given(st.integers(min_value=1, max_value=6), st.data())
def test_only_stages_that_lead_to_the_target_are_needed(count: int, data: st.DataObject) -> None:
    """Drawn graphs of stages: what is needed is what can be reached, whatever the order it is found in."""
    below = [data.draw(st.integers(min_value=0, max_value=index)) for index in range(count)]
    copied = [
        data.draw(st.sets(st.integers(min_value=0, max_value=index - 1))) if index else set[int]()
        for index in range(count)
    ]
    text = "".join(
        f"FROM {f's{below[index]}' if below[index] < index else f'image{index}'} AS s{index}\n"
        + "".join(f"COPY --from=s{other} a b\n" for other in sorted(copied[index]))
        for index in range(count)
    )
    reached = reached_from(count - 1, below, copied)
    analysis = analyse(text)
    assert {index for index, stage in enumerate(analysis.stages) if stage.needed} == reached
    assert {use.stage for base in analysis.bases for use in base.uses} == {
        f"s{index}" for index in reached if below[index] == index
    }
    chain = [count - 1]
    while below[chain[-1]] < chain[-1]:
        chain.append(below[chain[-1]])
    back = [
        f"s{other}"
        for index in chain
        for other in copied[index]
        if chain[-1] in reached_from(other, below, copied)
    ]
    assert sorted(copy.stage for copy in analysis.base_copies) == sorted(back)


def test_stages_that_take_from_many_are_followed_once() -> None:
    """Each of a thousand copies from the one before, and the last from all."""
    count = 1500
    stages = "".join(
        f"FROM {'b' if number == 0 else 'scratch'} AS s{number}\n"
        + (f"COPY --from=s{number - 1} / /\n" if number else "RUN x\n")
        for number in range(count)
    )
    copies = "".join(f"COPY --from=s{number} / /\n" for number in range(count))
    analysis = analyse(f"{stages}FROM b\n{copies}")
    assert {copy.run for copy in analysis.base_copies} == {2}
    assert len(analysis.base_copies) == count
