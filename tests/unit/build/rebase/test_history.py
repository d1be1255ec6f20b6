from __future__ import annotations

from dataclasses import replace

import pytest

from dev.image_composer import MadeImage, Settings, Step, compose, copy, note, run
from slipway.build.rebase.history import Step as Kind
from slipway.build.rebase.history import (
    classify,
    judge,
    rebased_history,
    refuse_derived_files,
    upper_history,
)
from slipway.build.rebase.image import HistoryEntry, PlatformImage
from slipway.build.rebase.refusal import RebaseRefusedError, RefusalReason
from tests.support.made_images import as_platform_image

BASE = compose(None, [copy({"/bin/sh": "1"}), note('CMD ["sh"]')])
BASE_IMAGE = as_platform_image(BASE)


def image_of(*steps: Step) -> PlatformImage:
    return as_platform_image(compose(BASE, steps))


def refusal_of(image: PlatformImage, base: PlatformImage = BASE_IMAGE) -> RefusalReason | None:
    """Why the upper layers are refused; None when they are not."""
    try:
        upper = upper_history(base, image)
        judge(upper, image, len(image.layers) - len(base.layers), allow_run=False)
    except RebaseRefusedError as refused:
        return refused.refusal.reason
    return None


@pytest.mark.parametrize(
    ("created_by", "kind"),
    [
        ("COPY app /srv # buildkit", Kind.COPY),
        ("ADD https://example.com/x.tgz /opt # buildkit", Kind.COPY),
        ("COPY app /srv", Kind.COPY),
        ("COPY <<EOF /etc/x # buildkit", Kind.COPY),
        ("/bin/sh -c #(nop) COPY file:5f3c in /srv ", Kind.COPY),
        ("/bin/sh -c #(nop)  ADD file:5f3c in / ", Kind.COPY),
        ("/bin/bash -o pipefail -c #(nop) COPY dir:5f3c in /srv ", Kind.COPY),
        (r"cmd /S /C #(nop) COPY dir:5f3c in C:\app ", Kind.COPY),
        ("WORKDIR /app", Kind.WORKDIR),
        ("/bin/sh -c #(nop) WORKDIR /app", Kind.WORKDIR),
        ("ENV A=b", Kind.METADATA),
        ("EXPOSE map[8080/tcp:{}]", Kind.METADATA),
        ('ENTRYPOINT ["/app"]', Kind.METADATA),
        ('/bin/sh -c #(nop)  CMD ["sh"]', Kind.METADATA),
        ("RUN /bin/sh -c make # buildkit", Kind.OTHER),
        ("RUN |1 VERSION=3 /bin/sh -c make # buildkit", Kind.OTHER),
        ("/bin/sh -c apt-get update", Kind.OTHER),
        ("|1 VERSION=3 /bin/sh -c make", Kind.OTHER),
        ("/bin/sh -c echo a; COPY=1 make #(nop) COPY x", Kind.OTHER),
        ("/bin/sh -c make # COPY x /y", Kind.OTHER),
        ("COPYRIGHT notice", Kind.OTHER),
        ("copy a b", Kind.OTHER),
        ("jib-gradle-plugin:3.4.0", Kind.OTHER),
        ("", Kind.OTHER),
    ],
)
def test_every_builders_lines_are_understood(created_by: str, kind: Kind) -> None:
    """A line of history tells what made its layer; what is not known counts as RUN."""
    assert classify(created_by) is kind


def test_layers_of_copy_add_and_workdir_may_stay() -> None:
    """What the build brought in itself holds nothing of the base."""
    steps = [
        Step("WORKDIR /app", {"/app/.keep": ""}),
        copy({"/app/a": "1"}),
        note("ENV A=b"),
        note("EXPOSE 80"),
    ]
    assert refusal_of(image_of(*steps)) is None


@pytest.mark.parametrize(
    "step",
    [
        run("apt-get upgrade", {"/usr/lib/tls": "2"}),
        Step("", {"/x": "1"}),
        Step("kaniko snapshot", {"/x": "1"}),
        Step("ENV A=b", {"/x": "1"}),
        Step("RUN /bin/sh -c make # buildkit"),
    ],
)
def test_a_layer_of_anything_else_needs_leave(step: Step) -> None:
    """RUN, unknown lines, layers of instructions that make none, and RUN whose layer went to another line."""
    assert refusal_of(image_of(copy({"/a": "1"}), step)) is RefusalReason.RUN_NEEDS_ALLOW


def test_what_to_do_stands_first_in_a_refusal() -> None:
    """A status keeps 256 characters of it, and names of images are long."""
    image = image_of(run("make " * 50, {"/x": "1"}))
    with pytest.raises(RebaseRefusedError) as refused:
        judge(upper_history(BASE_IMAGE, image), image, 1, allow_run=False)
    assert refused.value.refusal.message.startswith("rebuild it, or set build.rebase.allowRun")


def test_with_leave_everything_may_stay() -> None:
    """`allowRun` is the user's word."""
    image = image_of(run("make", {"/x": "1"}))
    judge(upper_history(BASE_IMAGE, image), image, 1, allow_run=True)


def test_the_message_shows_the_line_but_no_build_argument() -> None:
    """The offending line helps; values of build arguments may be secrets."""
    image = image_of(Step("RUN |2 TOKEN=hunter2 B=c d /bin/sh -c make   install # buildkit", {"/x": "1"}))
    with pytest.raises(RebaseRefusedError) as refused:
        judge(upper_history(BASE_IMAGE, image), image, 1, allow_run=False)
    assert "'RUN /bin/sh -c make install # buildkit'" in refused.value.refusal.message
    assert "hunter2" not in refused.value.refusal.message


def test_a_line_with_arguments_and_an_unknown_shell_is_not_shown() -> None:
    """Where the command begins can't be told, so neither is shown."""
    image = image_of(Step("|1 TOKEN=hunter2 pwsh -Command make", {"/x": "1"}))
    with pytest.raises(RebaseRefusedError) as refused:
        judge(upper_history(BASE_IMAGE, image), image, 1, allow_run=False)
    assert "(with build arguments)" in refused.value.refusal.message
    assert "hunter2" not in refused.value.refusal.message


def test_long_lines_are_cut() -> None:
    """A heredoc of a thousand lines does not fill the status."""
    image = image_of(run("x" * 5000, {"/x": "1"}))
    with pytest.raises(RebaseRefusedError) as refused:
        judge(upper_history(BASE_IMAGE, image), image, 1, allow_run=False)
    assert len(refused.value.refusal.message) < 600


def test_an_image_without_history_needs_leave() -> None:
    """Nothing tells how its layers were made."""
    image = replace(image_of(copy({"/a": "1"})), history=())
    assert refusal_of(image) is RefusalReason.HISTORY_MISSING


def test_an_image_that_adds_no_layer_needs_no_history() -> None:
    """Without upper layers there is nothing to refuse."""
    assert refusal_of(replace(image_of(note("ENV A=b")), history=())) is None


def test_history_of_another_number_of_layers_is_refused_even_with_leave() -> None:
    """Such an image contradicts itself."""
    image = image_of(copy({"/a": "1"}), copy({"/b": "1"}))
    assert refusal_of(replace(image, history=image.history[:-1])) is RefusalReason.HISTORY_MISMATCH


def test_lines_are_not_believed_when_the_base_has_no_history() -> None:
    """BuildKit then appends lines at the end, so that the layer of RUN would meet the line of COPY."""
    bare = replace(BASE_IMAGE, history=())
    built = image_of(run("make", {"/x": "1"}), copy({"/a": "1"}))
    padded = (*built.history[2:], HistoryEntry("COPY a / # buildkit", comment="buildkit.exporter.image.v0"))
    image = replace(built, history=padded)
    assert not upper_history(bare, image).proven
    assert refusal_of(image, bare) is RefusalReason.HISTORY_MISSING


def test_lines_are_not_believed_when_the_image_tells_another_story_of_its_base() -> None:
    """Only a history that begins with that of the base can be matched to layers by counting."""
    image = image_of(copy({"/a": "1"}))
    other = (replace(image.history[0], created_by="RUN /bin/sh -c debootstrap"), *image.history[1:])
    assert refusal_of(replace(image, history=other)) is RefusalReason.HISTORY_MISSING


def test_rewritten_times_do_not_matter() -> None:
    """Reproducible builds set all times of history to one."""
    image = image_of(copy({"/a": "1"}))
    rewritten = tuple(replace(entry, created="1970-01-01T00:00:00Z", comment="x") for entry in image.history)
    assert refusal_of(replace(image, history=rewritten)) is None


def test_the_result_has_the_history_of_the_new_base_and_the_images_own() -> None:
    """Old base's lines go with its layers."""
    new_base = as_platform_image(compose(None, [copy({"/bin/sh": "2"}), run("fix", {"/lib/tls": "2"})]))
    upper = upper_history(BASE_IMAGE, image_of(note("ENV A=b"), copy({"/a": "1"})))
    lines = [entry.created_by for entry in rebased_history(upper, 1, new_base)]
    assert lines == [*(entry.created_by for entry in new_base.history), "ENV A=b", "COPY /a / # buildkit"]


def test_missing_history_is_filled_with_a_line_per_layer() -> None:
    """The lines of the result count up to its layers even where its parts had none."""
    new_base = as_platform_image(compose(None, [copy({"/bin/sh": "2"}), copy({"/lib/tls": "2"})]))
    image = replace(image_of(copy({"/a": "1"}), copy({"/b": "1"})), history=())
    lines = rebased_history(upper_history(BASE_IMAGE, image), 2, replace(new_base, history=()))
    assert sum(not line.empty_layer for line in lines) == 4


def test_unproven_lines_are_kept_by_counting() -> None:
    """With leave, lines that can't be proven still describe the layers above the base best."""
    image = image_of(copy({"/a": "1"}))
    other = tuple(replace(entry, created_by=f"changed {entry.created_by}") for entry in image.history)
    upper = upper_history(BASE_IMAGE, replace(image, history=other))
    assert sum(not entry.empty_layer for entry in upper.entries) == 1


def test_settings_alone_leave_an_empty_upper_history() -> None:
    """An image that is its base has no history of its own."""
    image = as_platform_image(compose(BASE, [], Settings(env={"A": "b"})))
    assert upper_history(BASE_IMAGE, image).entries == ()


VARIABLES = {"JAVA_HOME": "/opt/jdk-21.0.4", "MAJOR": "21", "APP_UID": "1654"}
OLD_JAVA = compose(None, [copy({"/jdk": "1"})], Settings(env=VARIABLES))
NEW_VARIABLES = {"JAVA_HOME": "/opt/jdk-22.0.1", "MAJOR": "22", "APP_UID": "1655"}
NEW_JAVA = compose(None, [copy({"/jdk": "2"})], Settings(env=NEW_VARIABLES))


def told_of(line: str, new_base: MadeImage = NEW_JAVA) -> str:
    """What is told of an image with this line when its base moves; nothing when it may stay."""
    old, new = as_platform_image(OLD_JAVA), as_platform_image(new_base)
    image = as_platform_image(compose(OLD_JAVA, [Step(line, {"/x": "1"})]))
    try:
        refuse_derived_files(upper_history(old, image), old, image, new)
    except RebaseRefusedError as refused:
        return f"{refused.refusal.reason}: {refused.refusal.message}"
    return ""


@pytest.mark.parametrize(
    "line",
    [
        "COPY ca.jks /opt/jdk-21.0.4/lib/security/ # buildkit",
        "/bin/sh -c #(nop) COPY file:5f3c in /opt/jdk-21.0.4/lib ",
        "ADD ca.tgz /opt/jdk-21.0.4 # buildkit",
        "WORKDIR /opt/jdk-21.0.4",
        "COPY --chown=1654:1654 app /srv # buildkit",
        "/bin/sh -c #(nop) COPY --chown=1654 dir:5f3c in /srv ",
    ],
)
def test_place_and_owner_from_a_variable_of_the_base_are_refused(line: str) -> None:
    """In the new base it is another place or number, so nothing would find the files, or be let at them."""
    variable = "APP_UID" if "--chown" in line else "JAVA_HOME"
    assert told_of(line).startswith("DerivedFromBase: ")
    assert f"variable {variable} " in told_of(line)
    assert not told_of(line, OLD_JAVA)


@pytest.mark.parametrize(
    "line",
    [
        "COPY ca.jks /etc/ssl/ # buildkit",
        "COPY app /opt/jdk-21.0.44/lib # buildkit",
        "COPY app-21.jar /srv/21 # buildkit",
        "COPY app /srv/opt/jdk-21.0.4 # buildkit",
        "COPY --chown=16540 app /srv # buildkit",
        "COPY --chown=app:app 1654 /srv # buildkit",
        "ENV OTHER=/opt/jdk-21.0.4",
    ],
)
def test_other_places_and_owners_may_stay(line: str) -> None:
    """A number that happens to be a variable of the base tells nothing, nor does a part of another path."""
    assert not told_of(line)
