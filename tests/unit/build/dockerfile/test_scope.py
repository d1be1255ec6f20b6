from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.dockerfile.errors import FaultError
from slipway.build.dockerfile.scope import Scope

VALUES = {"set": "value", "empty": "", "v": "3.12.1-slim", "a1": "x", "é": "y"}
TEXTS = st.text(alphabet="ab $\\`'\"{}:-+?#%/*<.é\n")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("plain", "plain"),
        ("$set", "value"),
        ("${set}", "value"),
        ("a${set}b", "avalueb"),
        ("$set.b", "value.b"),
        ("$set_b", ""),
        ("$a1b", ""),
        ("$1a", "a"),
        ("$é", "y"),
        ("$", "$"),
        ("a$", "a$"),
        ("$.", "$."),
        ("$?x$$", "x"),
        ("${unset-word}", "word"),
        ("${empty-word}", ""),
        ("${empty:-word}", "word"),
        ("${set:-word}", "value"),
        ("${unset:-}", ""),
        ("${set+word}", "word"),
        ("${empty+word}", "word"),
        ("${empty:+word}", ""),
        ("${unset+word}", ""),
        ("${set:?word}", "value"),
        ("${empty?word}", ""),
        ("${unset:-$set}", "value"),
        ("${unset:-${empty:-${set}}}", "value"),
        ("${unset:-a\\}b}", "a}b"),
        ("${unset:-'}'}", "}"),
        ('${unset:-"}$set"}', "}value"),
        ("${v#*.}", "12.1-slim"),
        ("${v##*.}", "1-slim"),
        ("${v%.*}", "3.12"),
        ("${v%%.*}", "3"),
        ("${v%-${unset:-slim}}", "3.12.1"),
        ("${v#?.}", "12.1-slim"),
        ("${v/./-}", "3-12.1-slim"),
        ("${v//./-}", "3-12-1-slim"),
        ("${v/.*-/:}", "3:slim"),
        ("${v/slim/}", "3.12.1-"),
        ("${v/-/\\/}", "3.12.1\\/slim"),
        ("${unset#a}", ""),
        ("${unset/a/b}", ""),
        ("'$set'", "$set"),
        ('"$set"', "value"),
        ("\"a b\"'c d'", "a bc d"),
        ("\\$set", "$set"),
        ('"\\$set"', "$set"),
        ('"\\a\\\\"', "\\a\\"),
        ("\\a\\\\", "a\\"),
        ("a\\", "a"),
        ("<<a", "<<a"),
        ("a<b", "a<b"),
    ],
)
def test_words_are_expanded_as_a_shell_would(word: str, expected: str) -> None:
    """Bash agrees on those it can read."""
    assert Scope(VALUES, "\\").expand(word).text == expected


def test_another_escape_character_takes_the_place_of_the_backslash() -> None:
    assert Scope(VALUES, "`").expand('`$set\\$set"`"`a"').text == '$set\\value"`a'


@pytest.mark.parametrize(
    ("word", "offset", "why"),
    [
        ("a$x${", 3, "has no name"),
        ("${:-a}", 0, "has no name"),
        ("${{a}}", 0, "has no name"),
        ("a${set", 1, "not closed"),
        ("a${set:-b", 8, "not closed"),
        ("${set/a", 6, "/ is missing"),
        ("${set/a}", 6, "/ is missing"),
        ("${set/a/b", 8, "} is missing"),
        ("${set:#a}", 0, "do not know"),
        ("${set^^}", 0, "do not know"),
        ("${.a}", 0, "do not know"),
        ("a'b", 1, "' is not closed"),
        ('a"b', 1, '" is not closed'),
        ("a${unset?}", 1, "unset: it must be given"),
        ("a${empty:?b}", 1, "empty: b"),
        ("a${set#\\b}", 1, "escapes what needs no escape"),
        ("${set/\\b/c}", 6, "escapes what needs no escape"),
    ],
)
def test_what_no_shell_can_read_is_refused_with_its_place(word: str, offset: int, why: str) -> None:
    with pytest.raises(FaultError) as refused:
        Scope(VALUES, "\\").expand(word)
    assert why in refused.value.message
    assert refused.value.offset == offset


def test_variables_without_value_are_told_where_nothing_takes_their_place() -> None:
    assert Scope(VALUES, "\\").expand("$a${b}${c:-d}${e+f}$set$empty").unset == ("a", "b")


@given(st.text(alphabet="ab/.:@-_{}[]()=,;é "))
def test_a_word_without_signs_of_the_shell_stays_as_it_is(word: str) -> None:
    assert Scope({}, "\\").expand(word).text == word


@given(TEXTS)
def test_what_stands_in_single_quotes_stays_as_it_is(text: str) -> None:
    word = text.replace("'", "")
    assert Scope(VALUES, "\\").expand(f"'{word}'").text == word


@given(TEXTS)
def test_any_word_is_expanded_or_refused_with_a_place_in_it(word: str) -> None:
    """Nothing else happens, however it is written."""
    try:
        Scope(VALUES, "\\").expand(word)
    except FaultError as refused:
        offset = refused.offset
    else:
        offset = 0
    assert 0 <= offset <= len(word)
