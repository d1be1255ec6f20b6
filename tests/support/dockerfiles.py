"""Dockerfiles to read: written by hand, put together by a seed, and drawn by hypothesis.

Nothing in here depends on what reads them; `tests/unit/build/dockerfile/test_oracle.py` compares two readers.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from hypothesis import strategies as st

__all__ = ["FILES", "generated_files", "random_texts"]

_MULTI_STAGE: Final = """\
# syntax=docker/dockerfile:1.7
ARG GO=1.22
FROM --platform=$BUILDPLATFORM golang:${GO}-alpine AS build
ARG TARGETOS TARGETARCH
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
RUN --mount=type=cache,target=/srv/.cache/go-build \\
    --mount=type=bind,from=tools,source=/bin,target=/tools \\
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /out/api ./cmd/api

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build --chown=65532:65532 /out/api /api
USER 65532:65532
EXPOSE 8080/tcp 9090
ENTRYPOINT ["/api"]
CMD ["--listen", ":8080"]
"""

_PYTHON: Final = """\
FROM python:3.12-slim AS base
ENV PYTHONUNBUFFERED=1 \\
    PIP_NO_CACHE_DIR=1 \\
    PATH="/opt/venv/bin:$PATH"

FROM base AS build
RUN apt-get update \\
 && apt-get install -y --no-install-recommends build-essential \\
 # the compiler is only needed here
 && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/venv
COPY requirements.txt .
RUN pip install -r requirements.txt

FROM base
COPY --from=build /opt/venv /opt/venv
COPY src/ /app/
WORKDIR /app
HEALTHCHECK --interval=30s --timeout=3s --start-period=5s --retries=3 \\
    CMD ["python", "-m", "health"]
LABEL org.opencontainers.image.title="shop" org.opencontainers.image.vendor='ACME "Inc"'
CMD python -m shop
"""

_HEREDOCS: Final = """\
FROM alpine
RUN <<EOF
FROM scratch
apk add curl
# no comment
EOF
RUN <<-'EOS' python3
\tprint("a")
\tEOS
COPY <<one.txt <<"two.txt" /etc/
first \\
one.txt
second
two.txt
RUN 3<<A <<B cat
B
A
A
B
USER nobody
"""

_WINDOWS: Final = """\
# escape=`
FROM mcr.microsoft.com/windows/nanoserver:ltsc2022
COPY testfile.txt c:\\
RUN dir c:\\ && `
    echo done
ENV P="a `"b`" c" Q=c:\\x
SHELL ["powershell", "-command"]
"""

FILES: Final[dict[str, str]] = {
    "several stages": _MULTI_STAGE,
    "python": _PYTHON,
    "heredocs": _HEREDOCS,
    "windows": _WINDOWS,
    "windows line ends": _PYTHON.replace("\n", "\r\n"),
    "heredocs with windows line ends": _HEREDOCS.replace("\n", "\r\n"),
    "byte-order mark": "\ufeffFROM a\n",
    "one line without end": "FROM a",
    "lower case": "from a as b\nrun c\ncopy d e\nonbuild run f\n",
    "mixed case": "From a As b\nRun c\nOnBuild Run d\n",
    "white space before instructions": "  FROM a\n\tRUN b\n \t# c\n",
    "white space behind instructions": "FROM a  \nRUN b \t \nUSER c\u00a0\n",
    "white space between words": "FROM   a \t AS\tb\nCOPY  a\t\tb\n",
    "vertical tab and form feed": "FROM\va\nRUN\fb\n",
    "blank lines": "\n\n\nFROM a\n\n   \n\nRUN b\n\n",
    "comments": "# c\n#\n  # d\nFROM a\n# e\nRUN b # no comment\n",
    "escape before a line of its own": "\\\nFROM a\n",
    "escape at the end of the file": "FROM a\nRUN b \\",
    "escape and line end at the end of the file": "FROM a\nRUN b \\\n",
    "two escapes continue nothing": "FROM a\nRUN b \\\\\nUSER c\n",
    "three escapes continue nothing": "FROM a\nRUN b \\\\\\\nUSER c\n",
    "blanks behind an escape": "FROM a\nRUN b \\ \t \n c\n",
    "blank lines in a continuation": "FROM a\nRUN b \\\n\n \n c\n",
    "comments in a continuation": "FROM a\nRUN b \\\n# d\n  # e \\\n c\n",
    "continuation within a word": "FR\\\nOM a\\\nb\n",
    "continuation that ends in a comment": "FROM a\nRUN b \\\n# c",
    "continued comment is none": "# a \\\nFROM b\n",
    "nothing but escapes": "FROM a\n\\\n\\\nRUN b\n",
    "directives": "# syntax=a\n# escape=`\nFROM a\nRUN b `\nc\n",
    "directives without blanks": "#syntax=a\n#escape=`\nFROM a\nRUN b `\nc\n",
    "directives with blanks": "#  syntax  =  a  \n #\tEscape = `\nFROM a\nRUN b `\nc\n",
    "directive behind a comment": "# c\n# escape=`\nFROM a\nRUN b `\nUSER c\n",
    "directive behind a blank line": "\n# escape=`\nFROM a\nRUN b `\nUSER c\n",
    "directive behind an unknown one": "# a=b\n# escape=`\nFROM a\nRUN b `\nUSER c\n",
    "directive behind a shebang": "#!/bin/x\n# escape=`\nFROM a\nRUN b `\nUSER c\n",
    "escape directive twice": "# escape=`\n# escape=`\nFROM a\n",
    "syntax directive twice": "# syntax=a\n# Syntax=b\nFROM a\n",
    "escape directive with a letter": "# escape=x\nFROM a\n",
    "escape directive without value": "# escape=\nFROM a\nRUN b \\\nc\n",
    "empty file": "",
    "only comments": "# a\n# b\n",
    "only blanks": "\n \n\t\n",
    "only ARG": "ARG a=b\n",
    "unknown instruction": "FROM a\nFOO b\n",
    "no FROM": "RUN a\n",
    "FROM alone": "FROM\n",
    "FROM with too much": "FROM a b c d\n",
    "FROM with a comment": "FROM a # b\n",
    "FROM with a flag": "FROM --platform=linux/amd64 a AS b\n",
    "FROM with quotes": 'FROM "a" AS b\n',
    "FROM with variables": 'ARG A=b\nFROM ${A:-c}:$D AS e\nFROM "${A:+x}"\n',
    "ARG": "ARG a\nARG b=c\nARG d= e=\"f g\" h='i j' k=l\\ m\nFROM a\nARG\n",
    "ARG with open quote": "FROM a\nARG b=\"c d\nARG e='f g\n",
    "ENV": 'FROM a\nENV b=c d="e f" g=\'h i\' j=k\\ l m=\\"\nENV n o p\nENV q   r  s\n',
    "ENV with more equal signs": "FROM a\nENV b=c=d e==f\n",
    "ENV with quoted names": "FROM a\nENV \"b c\"=d 'e'=f\n",
    "ENV with escapes at the end": "FROM a\nENV b=c\\\\\nENV d=\"e\\\\\nENV f='g\\\\\n",
    "ENV alone": "FROM a\nENV\n",
    "ENV without value": "FROM a\nENV b\n",
    "ENV with a word that has no value": "FROM a\nENV b=c d\n",
    "ENV with an empty value": "FROM a\nENV b=\n",
    "LABEL": 'FROM a\nLABEL b=c "d.e"="f g"\nLABEL h i j\nLABEL "k"="l\\\n m"\n',
    "LABEL without value": "FROM a\nLABEL b\n",
    "COPY": 'FROM a\nCOPY b c\nCOPY b c d\nCOPY ["b c", "d"]\nCOPY ["b", "c" d\nCOPY b\n',
    "COPY with flags": 'FROM a\nCOPY --from=b --chown=c:d --chmod=755 --link e f\nCOPY --from="b" c d\n',
    "COPY with quoted flags": "FROM a\nCOPY --from='b c' d e\nCOPY --from=b\\ c d e\n",
    "COPY with quotes in a quoted flag": 'FROM a\nCOPY --x="a\'b\\"c" d e\n',
    "COPY with an open quote": "FROM a\nCOPY --from=\"b c d\nCOPY --from='b c d\n",
    "dashes that end the flags": "FROM a\nCOPY -- --b c\nRUN --a -- --b c\nRUN -- \nRUN --\n",
    "one dash is no flag": "FROM a\nRUN -a --b c\n",
    "flag without value": "FROM a\nRUN --network b\nHEALTHCHECK --interval NONE\n",
    "flags and nothing else": "FROM a\nRUN --a --b=c\n",
    "flags over several lines": "FROM a\nRUN --mount=type=cache \\\n    --mount=type=tmpfs \\\n  d\n",
    "flags before instructions without": "FROM a\nUSER --b c\nENV --b c=d\nCMD --b c\n",
    "RUN": 'FROM a\nRUN b c\nRUN ["b", "c d"]\nRUN [ "b" ]\nRUN []\nRUN [ ]\nRUN\nRUN ["b", c]\nRUN [b]\n',
    "RUN with JSON that holds escapes": 'FROM a\nRUN ["b\\"c", "d\\u0065", "\\\\"]\n',
    "RUN with single quotes": "FROM a\nRUN ['b', 'c']\n",
    "RUN with unfinished JSON": 'FROM a\nRUN ["b"\nRUN ["b",]\nRUN ["b\nRUN [NaN]\nRUN [Infinity]\n',
    "RUN with a number in JSON": 'FROM a\nRUN ["b", 1]\n',
    "RUN with an object in JSON": 'FROM a\nRUN [{"b": "c"}]\n',
    "RUN with nothing in JSON": "FROM a\nRUN [null]\n",
    "RUN with arrays in JSON": 'FROM a\nRUN [["b"]]\n',
    "RUN with an object": 'FROM a\nRUN {"b": "c"}\n',
    "CMD": 'FROM a\nCMD b c\nCMD ["b"]\nCMD\nCMD []\nENTRYPOINT b\nENTRYPOINT ["b", "c"]\nENTRYPOINT []\n',
    "SHELL": 'FROM a\nSHELL ["b", "-c"]\nSHELL b\n',
    "VOLUME": 'FROM a\nVOLUME /b /c\nVOLUME ["/b"]\nVOLUME ["/b", "/c d"]\nVOLUME\n',
    "EXPOSE": "FROM a\nEXPOSE 80 443/tcp\nEXPOSE $B\nEXPOSE\n",
    "one text": "FROM a\nUSER b c\nWORKDIR /d e\nSTOPSIGNAL 9\nMAINTAINER f <g@h>\nUSER\nWORKDIR\n",
    "HEALTHCHECK": 'FROM a\nHEALTHCHECK NONE\nHEALTHCHECK CMD b c\nHEALTHCHECK CMD ["b"]\nHEALTHCHECK\n',
    "HEALTHCHECK with flags": "FROM a\nHEALTHCHECK --interval=5s --retries=2  CMD   b   c\nHEALTHCHECK CMD\n",
    "HEALTHCHECK with a number in JSON": "FROM a\nHEALTHCHECK CMD [1]\n",
    "ONBUILD": 'FROM a\nONBUILD RUN b\nONBUILD COPY ["b", "c"]\nONBUILD ENV b=c\nONBUILD USER b\nONBUILD\n',
    "ONBUILD with flags": "FROM a\nONBUILD --b COPY c d\nONBUILD HEALTHCHECK CMD b\n",
    "ONBUILD that cannot be": "FROM a\nONBUILD FROM\nONBUILD ONBUILD RUN b\nONBUILD MAINTAINER\nONBUILD C\n",
    "ONBUILD with a heredoc": "FROM a\nONBUILD RUN <<EOF\nUSER b\nEOF\nUSER c\n",
    "ONBUILD that cannot be read": "FROM a\nONBUILD ENV b\n",
    "heredoc without end": "FROM a\nRUN <<EOF\nb\n",
    "heredoc at the end of the file": "FROM a\nRUN <<EOF\nb\nEOF",
    "heredoc that is empty": "FROM a\nRUN <<EOF\nEOF\nUSER b\n",
    "heredoc with blanks before its end": "FROM a\nRUN <<EOF\n EOF\nEOF \nEOF\nUSER b\n",
    "heredoc with tabs before its end": "FROM a\nRUN <<-EOF\n\tb\n\t\tEOF\nUSER b\n",
    "heredoc within quotes is none": "FROM a\nRUN echo \"<<EOF\"\nUSER b\nRUN echo '<<EOF'\nUSER c\n",
    "heredoc within a word is none": "FROM a\nRUN a<<EOF\nUSER b\nRUN $((1<<2))\nUSER c\n",
    "heredoc of three": "FROM a\nRUN cat <<<EOF\nUSER b\n",
    "heredoc with a space in its name": "FROM a\nRUN <<'b c'\nd\nb c\nUSER e\n",
    "heredoc with quotes in its name": "FROM a\nRUN <<b'c'\nd\nbc\nRUN <<e\\'f\ng\ne'f\nUSER h\n",
    "heredoc with a variable as its name": "FROM a\nRUN <<$B\nc\n$B\nRUN <<${D}\ne\n${D}\nUSER f\n",
    "heredoc with a default in its name": "FROM a\nRUN <<${D:-e}\nf\n${D:-e}\nUSER g\n",
    "heredoc in an instruction that has none": "FROM a\nUSER <<EOF\nEOF\nCMD <<EOF\n",
    "heredoc in JSON": 'FROM a\nRUN ["b", "<<EOF"]\nUSER c\n',
    "heredoc behind flags": "FROM a\nRUN --mount=type=cache,target=/b <<EOF\nc\nEOF\nUSER d\n",
    "heredoc as a flag": "FROM a\nRUN --b=<<EOF c\nUSER d\n",
    "heredoc with a redirection": "FROM a\nRUN cat <<EOF > b\nc\nEOF\nRUN cat <<EOF>b\nc\nEOF>b\nUSER d\n",
    "heredoc on a continued line": "FROM a\nRUN cat \\\n  <<EOF \\\n  > b\nc\nEOF\nUSER d\n",
    "heredoc with continuations within": "FROM a\nRUN <<EOF\nb \\\nEOF\nUSER c\n",
    "heredoc with an open quote before": "FROM a\nRUN echo it's <<EOF\nUSER b\n",
    "heredoc with what no shell reads before": "FROM a\nRUN echo ${} <<EOF\nUSER b\n",
    "heredoc with another escape": "# escape=`\nFROM a\nRUN <<A `\n b\nc\nA\nRUN <<d\\e\nde\nUSER f\n",
    "letters of the world": "FROM é\nRUN 日本 <<ß\nx\nß\nLABEL ä=ö b='ü'\n",
}
"""By what is special about them; not all of them can be built."""

_HEADS: Final = (
    "",
    "",
    "# syntax=docker/dockerfile:1\n",
    "#escape=\\\n\n",
    "# a comment\n\n",
    "ARG V=3.12\n",
)
_IMAGES: Final = ("scratch", "alpine:3.20", "python:${V}-slim", "ghcr.io/shop/base@sha256:" + "0" * 64)
_FLAGS: Final = (
    "",
    "",
    "--from=s0 ",
    "--mount=type=cache,target=/c ",
    "--chown='a b' ",
    '--x="y" --z ',
    "-- ",
    "--a=b\\ c ",
)
_WORDS: Final = (
    *("a", "b.c", "/etc/x", '"q r"', "'s t'", "$V", "${V:-w}", "\\\\", 'k="v w"', "k=v", "&&", "#", "é", "="),
)
_GAPS: Final = (" ", " ", "  ", "\t", " \\\n  ", " \\\n# why\n", " \\\n\n")
_HEREDOC_NAMES: Final = (("<<EOF", "EOF"), ("<<'E O F'", "E O F"), ('<<"e"nd', "end"), ("3<<-END", "END"))
_ENDS: Final = ("\n", "\n", "\n\n", " \n", "\r\n", "\n# a comment\n")
_KEYWORDS: Final = (
    *(
        "RUN",
        "RUN",
        "COPY",
        "ADD",
        "CMD",
        "ENTRYPOINT",
        "SHELL",
        "VOLUME",
        "EXPOSE",
        "USER",
        "WORKDIR",
        "ARG",
    ),
    *("STOPSIGNAL", "HEALTHCHECK", "MAINTAINER", "ONBUILD RUN", "ONBUILD COPY", "run", "onbuild user"),
)


def generated_files(count: int) -> Iterator[str]:
    """So many files that look like files of people, the same ones each time."""
    chance = random.Random(20240611)
    for _ in range(count):
        stages = (_stage(chance, index) for index in range(chance.randint(1, 4)))
        yield chance.choice(_HEADS) + "".join(stages)


def _stage(chance: random.Random, index: int) -> str:
    opening = f"FROM {chance.choice(_IMAGES)} AS s{index}{chance.choice(_ENDS)}"
    return opening + "".join(_instruction(chance) for _ in range(chance.randint(0, 8)))


def _instruction(chance: random.Random) -> str:
    match chance.randrange(6):
        case 0:
            pairs = (f"k{number}={chance.choice(_WORDS[:5])}" for number in range(chance.randint(1, 3)))
            return (
                f"{chance.choice(('ENV', 'LABEL'))} {chance.choice(_GAPS).join(pairs)}{chance.choice(_ENDS)}"
            )
        case 1:
            written, name = chance.choice(_HEREDOC_NAMES)
            body = chance.choice(("", "FROM x\n", "a \\\n# b\n", "\tc\n\n"))
            return f"RUN cat {written} {chance.choice(_WORDS[:3])}\n{body}{name}\n"
        case 2:
            strings = chance.sample(('"a"', '"b c"', '"é"', '"--d"'), chance.randint(0, 3))
            array = ", ".join(strings)
            return f"{chance.choice(_KEYWORDS[:8])} [{array}]{chance.choice(_ENDS)}"
        case _:
            words = (chance.choice(_WORDS) for _ in range(chance.randint(1, 5)))
            written = chance.choice(_FLAGS) + chance.choice(_GAPS).join(words)
            return f"{chance.choice(_KEYWORDS)} {written}{chance.choice(_ENDS)}"


_FRAGMENTS: Final = (
    *("FROM", "RUN", "COPY", "ENV", "ARG", "LABEL", "ONBUILD", "HEALTHCHECK", "run", "USER", "a", "b", "a=b"),
    *("--a", "--from=b", '--x="y z"', "--q='a b'", "--", " ", "  ", "\t", "\n", "\n", "\r\n", "\\\n", "\v"),
    *("\\", '"', "'", "$", "${a}", "${a:-b}", "$x", "${", "}", ":", "<", ">", "{", "|", "=", ",", "[", "]"),
    *("<<E", "<<-E", '<<"E"', "1<<F", "<<$E", "<<\\E", "\nE\n", "\tE\n", "\nF\n", "\n$E\n", '["a","b"]'),
    *("#", "# c\n", "# escape=`\n", "# syntax=x\n", "`", "é"),
)


def random_texts() -> st.SearchStrategy[str]:
    """Fragments of Dockerfiles in any order: most are nonsense, but all can be put into a file."""
    nonsense = st.lists(st.sampled_from(_FRAGMENTS), max_size=25).map("".join)
    return st.tuples(st.sampled_from(["", "FROM a\nRUN ", "FROM a\nENV ", "FROM a\nCOPY "]), nonsense).map(
        "".join
    )
