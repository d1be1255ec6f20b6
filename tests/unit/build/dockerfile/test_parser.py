from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.dockerfile import LONGEST_TEXT, DockerfileError, decode
from slipway.build.dockerfile.parser import parse


def test_bytes_are_read_as_utf_8_without_the_byte_order_mark() -> None:
    assert decode("\ufeffFROM é".encode()) == "FROM é"
    assert decode(b"") == ""


def test_bytes_in_another_encoding_are_refused_with_their_place() -> None:
    with pytest.raises(DockerfileError, match="save the file in that encoding") as refused:
        decode("FROM a\n# é ".encode() + "ü".encode("latin-1"))
    assert (refused.value.line, refused.value.column) == (2, 5)


@given(st.binary(max_size=40))
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    try:
        decoded = decode(data)
    except DockerfileError:
        with pytest.raises(UnicodeDecodeError):
            data.decode()
    else:
        assert decoded == data.decode("utf-8-sig")


def test_bytes_beyond_the_limit_are_refused_before_they_are_read() -> None:
    with pytest.raises(DockerfileError, match="longer than"):
        decode(b"\xff" * (LONGEST_TEXT + 1))


def test_a_file_of_the_greatest_length_is_read() -> None:
    text = "FROM a\n#"
    assert len(parse(text + "x" * (LONGEST_TEXT - len(text))).instructions) == 1


FILE = """\
  FROM \\
    # why
\t--platform=x \\

    a
RUN <<EOF
b
EOF
COPY --from=c d \\
 e
"""


def test_words_are_found_again_in_the_file() -> None:
    """Through indents, continuations, comments and heredocs."""
    places = {
        word.text: (place.line, place.column)
        for instruction in parse(FILE).instructions
        for word in (*instruction.flags, *instruction.values)
        for place in [instruction.line.position(word.offset)]
    }
    assert places == {
        "--platform=x": (3, 2),
        "a": (5, 5),
        "<<EOF": (6, 5),
        "--from=c": (9, 6),
        "d": (9, 15),
        "e": (10, 2),
    }


def test_a_carriage_return_within_a_line_ends_none() -> None:
    """Nor does anything else but the line feed."""
    (opening,) = parse("FROM a\rb\x85c\u2028d\x0c\n").instructions
    assert opening.line.text.startswith("FROM a\rb\x85c\u2028d")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("RUN <<EOF\nb\nEOF\n", ["EOF"]),
        ("RUN cat << EOF\nb\nEOF\n", ["EOF"]),
        ("RUN cat << \t'E F' <<-G\nE F\n\tG\n", ["E F", "G"]),
        ("RUN cat <<- EOF\n", []),
        ("RUN echo ${b##*/} ${c/d/e} <<EOF\nb\nEOF\n", ["EOF"]),
        ("ADD <<a.txt <<b.txt /c/\na.txt\nb.txt\n", ["a.txt", "b.txt"]),
        ("RUN <<< EOF\n", []),
        ("RUN echo '<<EOF'\n", []),
        ('CMD ["<<EOF"]\n', []),
    ],
)
def test_heredocs_are_found_as_todays_builders_find_them(text: str, names: list[str]) -> None:
    """Also where the parser that the other tests compare with is older."""
    instruction, user = parse(f"{text}USER x\n").instructions
    assert [heredoc.name for heredoc in instruction.heredocs] == names
    assert user.keyword == "USER"


def test_a_trigger_has_the_heredoc_of_its_line() -> None:
    (instruction,) = parse("ONBUILD RUN <<EOF\nb\nEOF\n").instructions
    assert instruction.trigger is not None
    assert instruction.trigger.text == "RUN <<EOF\nb\nEOF"


def test_a_heredoc_without_end_is_refused_where_it_begins() -> None:
    with pytest.raises(DockerfileError, match="the text of <<EOF does not end") as refused:
        parse("FROM a\nRUN <<EOF\nb\n")
    assert (refused.value.line, refused.value.column) == (2, 1)


@pytest.mark.parametrize(
    ("line", "column", "why"),
    [
        ("ENV a", 5, "'a' has no value"),
        ("ENV a=b  c", 10, "'c' has no value"),
        ("LABEL a", 7, "'a' has no value"),
        ('RUN ["a", 1]', 5, "strings alone"),
        ('HEALTHCHECK CMD ["a", {}]', 17, "strings alone"),
        ('ONBUILD RUN ["a", null]', 13, "strings alone"),
    ],
)
def test_an_instruction_that_cannot_be_divided_is_refused_with_its_place(
    line: str, column: int, why: str
) -> None:
    with pytest.raises(DockerfileError, match=why) as refused:
        parse(f"FROM a\n\n{line}\n")
    assert (refused.value.line, refused.value.column) == (3, column)
