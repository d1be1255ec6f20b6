from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.clock import format_time
from slipway.engine.requests import (
    AHEAD_LIMIT,
    BY_LIMIT,
    EMERGENCY_REBUILD,
    SHORTEST_REASON,
    STAMP_PREFIX,
    VALUE_LIMIT,
    Request,
    check_reason,
    handled_requests,
    new_requests,
    parse_request,
)
from tests.unit.engine.support import START

CREATED = START - timedelta(days=1)
NAME = "slipway.dev/reconcile"
REASON = "CVE-2026-1 in openssl, fix now"
moments = st.integers(-100_000, 100_000).map(lambda seconds: START + timedelta(seconds=seconds))


def test_a_time_alone_is_a_request() -> None:
    """The shortest form."""
    assert parse_request("reconcile", "2026-11-21T09:00:00Z") == Request("reconcile", START)


def test_arguments_follow_the_time() -> None:
    """Words of key=value, in any number of blanks; a value may hold an equals sign, or nothing."""
    request = parse_request("promote", " 2026-11-21T10:00:00+01:00  revision=9 digest=sha256:a=b  note= ")

    assert request == Request("promote", START, {"revision": "9", "digest": "sha256:a=b", "note": ""})


def test_a_reason_takes_the_rest_of_the_text() -> None:
    """People write sentences; what looks like an argument in one is none."""
    request = parse_request("rebuild", f"2026-11-21T09:00:00Z revision=9 reason= {REASON}  revision=8 ")

    assert request.arguments == {"revision": "9", "reason": f"{REASON} revision=8"}
    assert request.reason == f"{REASON} revision=8"
    assert parse_request("rebuild", "2026-11-21T09:00:00Z").reason == ""


def test_a_reason_cannot_play_tricks_on_a_terminal() -> None:
    """It is shown in statuses, Events and logs."""
    assert parse_request("rebuild", "2026-11-21T09:00:00Z reason=a\x1b[2Jb\n\tc").reason == "a[2Jb c"


@given(
    st.dictionaries(
        st.from_regex(r"[a-z][A-Za-z0-9]{0,8}", fullmatch=True).filter(lambda key: key != "reason"),
        st.from_regex(r"[!-~]{0,12}", fullmatch=True),
        max_size=4,
    ),
    st.none() | st.text(max_size=60),
)
def test_what_was_written_is_read(arguments: dict[str, str], reason: str | None) -> None:
    """Every argument, and of the reason every word."""
    written = [f"{key}={value}" for key, value in arguments.items()]
    written += [] if reason is None else [f"reason={reason}"]

    request = parse_request("rebuild", " ".join(("2026-11-21T09:00:00Z", *written)))

    words = "" if reason is None else "".join(filter(str.isprintable, " ".join(reason.split())))
    read = dict(request.arguments)
    assert read.pop("reason", "") == words
    assert read == arguments


@given(st.text(max_size=30))
def test_an_emergency_says_why(reason: str) -> None:
    """In enough characters, blanks around it apart; other verbs need no reason."""
    value = f"2026-11-21T09:00:00Z reason={reason}"
    name = f"slipway.dev/{EMERGENCY_REBUILD}"

    requests = new_requests({name: value}, [], CREATED, START, verbs=(EMERGENCY_REBUILD,))

    enough = len(parse_request(EMERGENCY_REBUILD, value).reason) >= SHORTEST_REASON
    assert (bool(requests.new), bool(requests.problems)) == (enough, not enough)
    assert new_requests({NAME: value}, [], CREATED, START).problems == ()


def test_an_emergency_without_a_reason_is_told_how_to_write_one() -> None:
    """The example can be copied: it has the time that was asked for."""
    with pytest.raises(ValueError, match="the reason has 0 characters: write why in at least 10, like 2026-"):
        check_reason(Request(EMERGENCY_REBUILD, START))


@pytest.mark.parametrize(
    ("trusted", "stamp", "by"),
    [
        pytest.param(True, "anna", "anna", id="the policy vouches for it"),
        pytest.param(False, "anna", None, id="anybody could have written it"),
        pytest.param(True, None, None, id="the policy came later than the request"),
        pytest.param(True, "", None, id="an empty name is none"),
        pytest.param(True, "an\x1bna\n", "anna", id="a name plays no tricks on a terminal"),
        pytest.param(True, "a" * 300, "a" * BY_LIMIT, id="a long name is cut"),
    ],
)
def test_who_asked_counts_where_a_policy_vouches_for_it(
    trusted: bool, stamp: str | None, by: str | None
) -> None:
    """Without the policy whatever stands there is passed over."""
    stamps = {} if stamp is None else {f"{STAMP_PREFIX}reconcile": stamp}
    annotations = {NAME: "2026-11-21T09:00:00Z", f"{STAMP_PREFIX}rebuild": "another verb's", **stamps}

    (request,) = new_requests(annotations, [], CREATED, START, trusted=trusted).new

    assert request.by == by
    assert request.handled("Done").get("by") == by


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "'' is no time: write it like 2026-11-21T09:00:00Z"),
        ("now", "'now' is no time"),
        ("2026-11-21T09:00:00", "is no time"),
        ("2026-11-21T09:00:00Z revision", "'revision' is no argument: write key=value"),
        ("2026-11-21T09:00:00Z =9", "'=9' is no argument"),
        ("2026-11-21T09:00:00Z Revision=9", "no argument"),
        ("2026-11-21T09:00:00Z note=in two words", "a text goes into reason=, at the end"),
        ("2026-11-21T09:00:00Z a=1 a=2", "the argument 'a' is given twice"),
        ("2026-11-21T09:00:00Z a=" + "x" * VALUE_LIMIT, "more than 1024 characters"),
        ("9999-12-31T23:59:59-23:59", "is no time"),
    ],
)
def test_what_is_malformed_says_how_to_write_it(value: str, message: str) -> None:
    """The sentence names the fix; for an object it is reported, never raised."""
    with pytest.raises(ValueError, match=r".") as caught:
        parse_request("reconcile", value)
    assert message in str(caught.value)

    requests = new_requests({NAME: value}, [], CREATED, START)

    assert requests.new == ()
    assert requests.problems[0].message.startswith(f"Annotation {NAME}: ")


@given(
    st.text(max_size=40), st.lists(st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=4)))
)
def test_nothing_in_an_object_makes_it_raise(value: str, handled: list[dict[str, object]]) -> None:
    """Annotations are anybody's, and so may be the status."""
    new_requests({NAME: value}, handled, CREATED, START)


@given(moments, moments, moments)
def test_a_request_is_new_exactly_when_the_rules_say_so(
    at: datetime, last: datetime, created: datetime
) -> None:
    """Later than the handled one, later than the creation, at most 5 min ahead."""
    handled = [{"verb": "reconcile", "at": format_time(last), "result": "Done"}]

    requests = new_requests({NAME: format_time(at)}, handled, created, START)

    later = at > last and at > created
    assert bool(requests.new) == (later and at <= START + AHEAD_LIMIT)
    assert bool(requests.problems) == (later and at > START + AHEAD_LIMIT)


@given(st.integers(0, 999_999))
def test_a_handled_request_is_never_new_again(microsecond: int) -> None:
    """Status keeps whole seconds, so that fractions must not make a request later than itself."""
    value = START.replace(microsecond=microsecond).isoformat()
    (request,) = new_requests({NAME: value}, [], CREATED, START).new

    handled = handled_requests([], [request.handled("Done")])

    assert new_requests({NAME: value}, handled, CREATED, START).new == ()


def test_only_verbs_the_kind_knows_are_requests() -> None:
    """Other annotations of ours, such as allowed-hosts, are not touched."""
    annotations = {
        "slipway.dev/allowed-hosts": "x",
        "slipway.dev/rebuild": "2026-11-21T08:59:00Z",
        NAME: "2026-11-21T09:00:00Z",
        "reconcile": "x",
    }

    assert [item.verb for item in new_requests(annotations, [], CREATED, START).new] == ["reconcile"]
    both = new_requests(annotations, [], CREATED, START, verbs=("reconcile", "rebuild"))
    assert [item.verb for item in both.new] == ["rebuild", "reconcile"], "oldest first"
    assert both.problems == ()


def test_a_handled_entry_that_cannot_be_read_handles_nothing() -> None:
    """A damaged status does not silence a person."""
    requests = new_requests(
        {NAME: "2026-11-21T09:00:00Z"},
        [{"verb": "reconcile", "at": text} for text in ("?", "9999-12-31T23:59:59-23:59")] + [{}],
        CREATED,
        START,
    )

    assert len(requests.new) == 1


def test_of_several_entries_of_a_verb_the_latest_counts() -> None:
    """In whatever order they stand."""
    handled = [
        {"verb": "reconcile", "at": "2026-11-21T09:00:00Z"},
        {"verb": "reconcile", "at": "2026-11-21T08:00:00Z"},
    ]

    assert new_requests({NAME: "2026-11-21T08:30:00Z"}, handled, CREATED, START).new == ()


def test_handled_requests_keep_one_entry_per_verb() -> None:
    """The list stays as short as the list of verbs."""
    request = Request("reconcile", START, by="anna")
    before = [
        {"verb": "rebuild", "at": "x", "result": "Done"},
        {"verb": "reconcile", "at": "x", "result": "Done"},
    ]

    after = handled_requests(before, [request.handled("Superseded")])

    assert after == [
        {"verb": "rebuild", "at": "x", "result": "Done"},
        {"verb": "reconcile", "at": "2026-11-21T09:00:00Z", "result": "Superseded", "by": "anna"},
    ]
    assert handled_requests(before, []) == sorted(before, key=lambda entry: entry["verb"])
