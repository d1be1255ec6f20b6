from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.oci.challenge import (
    AuthChallenge,
    MalformedChallenge,
    choose_challenge,
    parse_challenge_header,
    parse_challenges,
)

HUB = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"'

READ: dict[str, tuple[str, list[AuthChallenge]]] = {
    "Docker Hub, with a comma inside quotes": (
        HUB,
        [
            AuthChallenge(
                "bearer",
                {
                    "realm": "https://auth.docker.io/token",
                    "service": "registry.docker.io",
                    "scope": "repository:a/b:pull,push",
                },
            )
        ],
    ),
    "Forgejo, two challenges in one header": (
        'Bearer realm="https://f/v2/token",service="container_registry",scope="*",Basic realm="https://f/v2"',
        [
            AuthChallenge(
                "bearer", {"realm": "https://f/v2/token", "service": "container_registry", "scope": "*"}
            ),
            AuthChallenge("basic", {"realm": "https://f/v2"}),
        ],
    ),
    "a realm with a comma": (
        'Basic realm="Registry, Realm"',
        [AuthChallenge("basic", {"realm": "Registry, Realm"})],
    ),
    "names in any case": (
        'BEARER ReAlM="x",SERVICE="y"',
        [AuthChallenge("bearer", {"realm": "x", "service": "y"})],
    ),
    "spaces around signs": (
        'Bearer realm = "x" , service= "y"',
        [AuthChallenge("bearer", {"realm": "x", "service": "y"})],
    ),
    "unquoted values": (
        "Bearer realm=https://x/t,service=y",
        [AuthChallenge("bearer", {"realm": "https://x/t", "service": "y"})],
    ),
    "an empty value": ('Bearer realm="x",service=', [AuthChallenge("bearer", {"realm": "x", "service": ""})]),
    "an empty first value": (
        "Bearer realm=,service=y",
        [AuthChallenge("bearer", {"realm": "", "service": "y"})],
    ),
    "a lone empty value": ("Basic realm=", [AuthChallenge("basic", {"realm": ""})]),
    "escaped quotes": (r'Basic realm="a \"b\" \\ c"', [AuthChallenge("basic", {"realm": r'a "b" \ c'})]),
    "a token instead of parameters": (
        'Negotiate YWJj==, Basic realm="x"',
        [AuthChallenge("negotiate", {}, "YWJj=="), AuthChallenge("basic", {"realm": "x"})],
    ),
    "schemes without anything": (
        'Negotiate, NTLM, Basic realm="x"',
        [AuthChallenge("negotiate"), AuthChallenge("ntlm"), AuthChallenge("basic", {"realm": "x"})],
    ),
    "stray commas": (', ,Basic realm="x",,', [AuthChallenge("basic", {"realm": "x"})]),
    "the first of two equal names": ('Basic realm="a",realm="b"', [AuthChallenge("basic", {"realm": "a"})]),
    "nothing": ("", []),
}


@pytest.mark.parametrize("case", READ)
def test_headers_of_real_registries_are_read(case: str) -> None:
    """Each form that a server sends gives the challenges it means."""
    text, want = READ[case]

    assert list(parse_challenge_header(text)) == want


@pytest.mark.parametrize(
    "text",
    [
        'Basic realm="open',
        'Bearer realm="a" service="b"',
        'realm="x"',
        '"quoted"',
        "Basic realm=a b=c",
        "Basic (x)",
    ],
)
def test_what_cannot_be_read_is_an_error_of_its_own(text: str) -> None:
    """An open quote, a missing comma or a parameter without a scheme says where it is."""
    with pytest.raises(MalformedChallenge, match="at character"):
        parse_challenge_header(text)


def test_a_good_header_makes_up_for_a_bad_one() -> None:
    """Several headers count together, and one that cannot be read is passed over when another can."""
    assert [one.scheme for one in parse_challenges(['Basic realm="x"', "Negotiate"])] == [
        "basic",
        "negotiate",
    ]
    assert [one.scheme for one in parse_challenges(['Bearer realm="open', 'Basic realm="x"'])] == ["basic"]
    with pytest.raises(MalformedChallenge):
        parse_challenges(['Bearer realm="open'])
    assert parse_challenges([]) == ()


@pytest.mark.parametrize(
    ("header", "want"),
    [
        ('Negotiate, Basic realm="x"', "basic"),
        ('Basic realm="x", Bearer realm="y"', "bearer"),
        ('Bearer service="y", Basic realm="x"', "basic"),
        ('Bearer service="y"', None),
        ("Negotiate, Digest realm=x", None),
        ("", None),
    ],
)
def test_bearer_with_a_realm_wins_then_basic(header: str, want: str | None) -> None:
    """Schemes that nobody here speaks are passed over."""
    chosen = choose_challenge(parse_challenge_header(header))

    assert (chosen.scheme if chosen else None) == want


quoted = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=12)
names = st.sampled_from(["realm", "service", "scope", "error"])
challenges = st.lists(
    st.builds(
        AuthChallenge,
        st.sampled_from(["bearer", "basic", "negotiate"]),
        st.dictionaries(names, quoted, min_size=1, max_size=3),
    ),
    max_size=3,
)


@given(challenges, st.sampled_from([",", ", ", " , "]))
def test_what_is_written_is_read_back(written: list[AuthChallenge], separator: str) -> None:
    """Quoting any value as RFC 9110 has it, and joining any challenges, loses nothing."""
    header = separator.join(
        f"{one.scheme} {separator.join(map(_pair, one.parameters.items()))}" for one in written
    )

    assert list(parse_challenge_header(header)) == written


def _pair(item: tuple[str, str]) -> str:
    escaped = item[1].replace("\\", "\\\\").replace('"', '\\"')
    return f'{item[0]}="{escaped}"'


@given(st.text(alphabet='aB=," \\\t/é', max_size=30))
def test_no_header_crashes_the_reader(text: str) -> None:
    """Whatever comes is read or refused."""
    with contextlib.suppress(MalformedChallenge):
        parse_challenge_header(text)
