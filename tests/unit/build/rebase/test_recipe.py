from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev.image_composer import Step, compose, copy, note, run
from slipway.build.rebase.history import judge, upper_history
from slipway.build.rebase.image import HistoryEntry, PlatformImage
from slipway.build.rebase.plan import RebasePlan, plan_rebase
from slipway.build.rebase.recipe import Recipe, Witness
from slipway.build.rebase.refusal import RebaseRefusedError, Refusal
from slipway.oci.platform import Platform
from tests.support.made_images import as_image, as_platform_image

BASE = compose(None, [copy({"/bin/sh": "1"}), run("fix", {"/lib/tls": "1"})])
BASE_IMAGE = as_platform_image(BASE)
AMD64 = Platform(os="linux", architecture="amd64")
NAME = "registry.test/base/python:3.12"
FROM = f"FROM {NAME}\n"
COPIES = f"{FROM}WORKDIR /app\nCOPY . /app\nADD x.tgz /opt\nENV A=b\n"

MIXED = f"""\
FROM {NAME} AS common
FROM common AS build
RUN make
FROM common
COPY app /app
COPY --from=build /out /out
"""


def said(text: str, layers: int = 1, *, target: str = "", has_triggers: bool = False) -> Witness:
    """What a Dockerfile says of an image of so many own layers."""
    found = Recipe("app/Dockerfile", text, target, {}).witness(AMD64, layers, NAME, has_triggers=has_triggers)
    assert found is not None
    return found


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_copy_and_add_alone_prove_that_no_command_ran(layers: int) -> None:
    """A builder may put several into one layer."""
    assert said(COPIES, layers) == Witness(None, None, None)


@pytest.mark.parametrize(
    ("sentence", "text", "doubt"),
    [
        ("a command", FROM + "COPY a /a\nRUN make\n", "app/Dockerfile runs a command in line 3"),
        ("several", FROM + "RUN a\n" * 7, "in lines 2, 3, 4, 5, 6 and 2 more"),
        ("one of a stage below", f"FROM {NAME} AS a\nRUN x\nFROM a\nCOPY a /a\n", "in line 2"),
        ("another base", "FROM debian:12\nCOPY a /a\n", f"builds on another image than {NAME}"),
        ("no base", "FROM scratch\nCOPY a /a\n", f"builds on another image than {NAME}"),
        ("another reader", "# syntax=r.test/lisp:1\n" + FROM + "COPY a /a\n", "read by r.test/lisp:1"),
        ("more layers than it makes", FROM + "ENV A=b\n", "makes 0 layers at most, and the image has 1"),
        ("a place by variable", FROM + "COPY a $HOME/\n", "has a variable in line 2, which the base may"),
        ("an owner by variable", FROM + "COPY --chown=$APP_UID a /a\n", "has a variable in line 2"),
        ("a directory by variable", FROM + "WORKDIR $HOME\nCOPY a /a\n", "has a variable in line 2"),
    ],
)
def test_what_a_dockerfile_does_not_prove(sentence: str, text: str, doubt: str) -> None:
    """It says why, and where."""
    assert doubt in (said(text).doubt or ""), sentence


def test_variables_of_a_heredoc_are_those_of_a_file() -> None:
    """What stands in it lands in the file."""
    assert said(FROM + "COPY <<'EOF' /x\necho $HOME\nEOF\n").doubt is None


def test_triggers_of_the_base_are_in_no_dockerfile() -> None:
    """They run before its first instruction."""
    assert "ONBUILD" in (said(COPIES, has_triggers=True).doubt or "")


def test_the_usual_frontends_read_as_we_do() -> None:
    """Whatever their version."""
    assert said("# syntax=docker/dockerfile:1.7-labs\n" + COPIES).doubt is None


COMES_BACK = {
    "by a stage on the same stage": (
        MIXED,
        (
            "line 6 of app/Dockerfile takes files from stage build, which holds those of the same base, and "
            "a command runs there in line 3"
        ),
    ),
    "by a stage on the same image": (
        f"FROM {NAME} AS b\n{FROM}COPY --from=b /a /a\n",
        "line 3 of app/Dockerfile takes files from stage b, which holds those of the same base",
    ),
    "by way of an empty stage": (
        f"FROM {NAME} AS b\nRUN x\nFROM scratch AS c\nCOPY --from=b / /\n{FROM}COPY --from=c / /\n",
        (
            "line 6 of app/Dockerfile takes files from stage c, which holds those of the same base, and a "
            "command runs there in line 2"
        ),
    ),
    "by a stage that takes from the image": (
        f"FROM scratch AS c\nCOPY --from={NAME} / /\n{FROM}COPY --from=c / /\n",
        "line 4 of app/Dockerfile takes files from stage c, which holds those of the same base",
    ),
    "from the image itself": (
        f"{FROM}COPY --from={NAME} /a /a\n",
        f"line 2 of app/Dockerfile takes files from {NAME}, the base itself",
    ),
    "not by a stage on another image": (f"FROM go:1 AS b\nRUN x\n{FROM}COPY --from=b /a /a\n", None),
    "not by a stage that nothing is taken from": (f"FROM {NAME} AS b\nRUN x\n{FROM}COPY a /a\n", None),
    "not by the build context": (COPIES, None),
    "not where there is no base": ("FROM alpine AS b\nFROM scratch\nCOPY --from=b / /\n", None),
}


@pytest.mark.parametrize("sentence", COMES_BACK)
def test_files_of_the_base_that_come_back_by_another_stage(sentence: str) -> None:
    """History shows a COPY there; the Dockerfile shows what of."""
    text, told = COMES_BACK[sentence]
    assert said(text).base_copy == told


def test_the_stage_that_is_built_counts() -> None:
    """What is not needed for it proves nothing against it."""
    text = f"{FROM.strip()} AS slim\nCOPY a /a\nFROM slim\nRUN make\n"
    assert said(text, target="slim").doubt is None
    assert said(text).runs == "app/Dockerfile runs a command in line 4"


def test_each_platform_has_its_own_stages() -> None:
    """Which stage is taken may depend on it."""
    text = f"FROM {NAME} AS amd64\nCOPY a /a\nFROM {NAME} AS arm64\nRUN make\nFROM $TARGETARCH\nCOPY b /b\n"
    recipe = Recipe("Dockerfile", text, "", {})
    arm = recipe.witness(Platform(os="linux", architecture="arm64"), 1, NAME, has_triggers=False)
    amd = recipe.witness(AMD64, 1, NAME, has_triggers=False)
    assert arm is not None
    assert amd is not None
    assert (arm.runs is None, amd.runs is None) == (False, True)


def test_a_file_that_cannot_be_read_says_nothing() -> None:
    """Neither for nor against."""
    recipe = Recipe("Dockerfile", "FROM ${BASE}\n", "", {})
    assert recipe.witness(AMD64, 1, NAME, has_triggers=False) is None


# --- history and Dockerfile together


def image_of(*steps: Step) -> PlatformImage:
    return as_platform_image(compose(BASE, steps))


def silent(image: PlatformImage) -> PlatformImage:
    """The same where a builder has left its own lines empty."""
    own = (replace(entry, created_by="") for entry in image.history[len(BASE_IMAGE.history) :])
    return replace(image, history=(*BASE_IMAGE.history, *own))


def refusal_of(image: PlatformImage, text: str | None, *, allow_run: bool = False) -> Refusal | None:
    """Why the upper layers are refused, by their history and this Dockerfile."""
    layers = len(image.layers) - len(BASE_IMAGE.layers)
    found = None if text is None else said(text, layers)
    try:
        judge(upper_history(BASE_IMAGE, image), image, layers, allow_run=allow_run, witness=found)
    except RebaseRefusedError as refused:
        return refused.refusal
    return None


def told(image: PlatformImage, text: str | None) -> str:
    """Reason and message in one."""
    refusal = refusal_of(image, text)
    return f"{refusal.reason}: {refusal.message}" if refusal else ""


COPIED = image_of(copy({"/app": "1"}))
RAN = image_of(copy({"/app": "1"}), run("make", {"/x": "1"}))
UNKNOWN = replace(COPIED, history=())
MERGED = replace(
    COPIED,
    history=(
        *BASE_IMAGE.history,
        HistoryEntry("COPY app /app", empty_layer=True),
        HistoryEntry(comment="merge"),
    ),
)
REWRITTEN = replace(RAN, history=(HistoryEntry("x"), *RAN.history[1:]))
RUNS = FROM + "COPY app /app\nRUN make\n"


@pytest.mark.parametrize(
    ("sentence", "image", "text", "reason"),
    [
        ("both prove it", COPIED, COPIES, ""),
        ("history proves it, the Dockerfile is not known", COPIED, None, ""),
        ("history proves it, and is believed", COPIED, RUNS, ""),
        ("history shows a command", RAN, None, "RunNeedsAllow"),
        ("history shows a command that the Dockerfile does not", RAN, COPIES, "RunNeedsAllow"),
        ("lines are empty", silent(COPIED), None, "RunNeedsAllow"),
        ("lines are empty, the Dockerfile proves it", silent(COPIED), COPIES, ""),
        ("lines are empty, the Dockerfile runs a command", silent(RAN), RUNS, "RunNeedsAllow"),
        ("several layers became one", MERGED, None, "RunNeedsAllow"),
        ("several layers became one, the Dockerfile proves it", MERGED, COPIES, ""),
        ("there is no history", UNKNOWN, None, "HistoryMissing"),
        ("there is no history, the Dockerfile proves it", UNKNOWN, COPIES, ""),
        ("there is no history, the Dockerfile runs a command", UNKNOWN, RUNS, "RunNeedsAllow"),
        ("there is no history, the Dockerfile is unclear", UNKNOWN, FROM + "COPY a $B/\n", "HistoryMissing"),
        ("there is no history, and too many layers", replace(RAN, history=()), FROM + "COPY a /a\n",
         "HistoryMissing"),
        ("a history that cannot be matched shows a command", REWRITTEN, COPIES, "HistoryMissing"),
        ("files of the base come back", COPIED, MIXED, "RunNeedsAllow"),
        ("files of the base come back without history", UNKNOWN, MIXED, "RunNeedsAllow"),
    ],
)  # fmt: skip
def test_judgement(sentence: str, image: PlatformImage, text: str | None, reason: str) -> None:
    """What history says holds; where it is silent the Dockerfile may speak."""
    assert told(image, text).partition(":")[0] == reason, sentence
    assert refusal_of(image, text, allow_run=True) is None, sentence


def test_refusals_name_the_line() -> None:
    """Whoever reads them has it at hand."""
    assert "app/Dockerfile runs a command in line 3" in told(RAN, RUNS)
    assert "app/Dockerfile runs a command in line 3" in told(UNKNOWN, RUNS)
    assert "takes files from stage build" in told(COPIED, MIXED)
    assert "makes 1 layers at most" in told(replace(RAN, history=()), FROM + "COPY a /a\n")


INSTRUCTIONS = st.lists(
    st.sampled_from(["COPY a /a", "ADD b /b", "WORKDIR /c", "ENV D=e", "RUN make", "COPY $F /g", "USER h"]),
    max_size=5,
)


@given(INSTRUCTIONS, st.booleans())
def test_a_dockerfile_never_makes_history_less_strict(instructions: list[str], empty: bool) -> None:
    """What a history refuses that speaks stays refused, and RUN is never passed over."""
    text = FROM + "".join(f"{line}\n" for line in instructions)
    assert refusal_of(RAN, text) is not None
    steps = [
        note(line) if line.startswith(("ENV", "USER")) else Step(line, {f"/{number}": "x"})
        for number, line in enumerate(instructions)
    ]
    image = silent(image_of(*steps)) if empty else replace(image_of(*steps), history=())
    has_layers = len(image.layers) > len(BASE_IMAGE.layers)
    is_plain = not any("RUN" in line or "$" in line for line in instructions)
    assert (refusal_of(image, text) is None) is (is_plain or not has_layers)


def test_a_plan_is_made_where_the_dockerfile_proves_what_history_leaves_out() -> None:
    """Its lines stay as empty as they were."""
    new = as_image(compose(None, [copy({"/bin/sh": "2"})]), "new")
    image = as_image(compose(BASE, [copy({"/app": "1"})]))
    image = replace(image, platforms=(silent(image.platforms[0]),))
    recipe = Recipe("Dockerfile", COPIES, "", {})
    old = as_image(BASE, "old")
    assert isinstance(plan_rebase(old, image, new, NAME, allow_run=False), Refusal)
    assert isinstance(plan_rebase(old, image, new, NAME, allow_run=False, recipe=recipe), RebasePlan)
    other = "registry.test/base/go:1"
    assert isinstance(plan_rebase(old, image, new, other, allow_run=False, recipe=recipe), Refusal)
