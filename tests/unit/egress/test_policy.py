from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.egress import LIBRARY_POLICY, EgressPolicy
from slipway.egress.policy import literal_address

STRICT = EgressPolicy()

METADATA = [
    "169.254.169.254",
    "169.254.0.1",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "fe80::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "100.100.100.200",
    "168.63.129.16",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "0xa9.254.169.254",
]


@pytest.mark.parametrize("host", METADATA)
@pytest.mark.parametrize(
    "policy", [LIBRARY_POLICY, STRICT, EgressPolicy(allow=("0.0.0.0/0", "::/0", "169.254.169.254:*"))]
)
def test_metadata_addresses_are_refused_in_every_notation(policy: EgressPolicy, host: str) -> None:
    """Abuse 16, 17: nothing opens link-local and metadata addresses, however they are written."""
    refusal = policy.refusal_of_url("https", host, 443)

    assert refusal is not None
    assert "never called" in refusal


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::"]
)
def test_loopback_is_refused_unless_listed(host: str) -> None:
    """Abuse 18: loopback has many names; only the allow-list opens one."""
    assert "loopback" in str(STRICT.refusal_of_url("https", host, 443))
    assert LIBRARY_POLICY.refusal_of_url("https", host, 443) is None


@pytest.mark.parametrize(
    ("entry", "host", "port", "is_open"),
    [
        ("127.0.0.1:5000", "127.0.0.1", 5000, True),
        ("127.0.0.1:5000", "127.0.0.1", 5001, False),
        ("127.0.0.1:*", "127.0.0.1", 5001, True),
        ("127.0.0.1", "127.0.0.1", 5001, True),
        ("127.0.0.0/8", "127.9.9.9", 80, True),
        ("[::1]:5000", "::1", 5000, True),
        ("[::1]:5000", "::1", 5001, False),
        ("registry.shop.svc:5000", "registry.shop.svc", 5000, True),
        ("Registry.Shop.svc:5000", "registry.shop.svc", 5000, True),
        ("registry.shop.svc:5000", "registry.shop.svc.cluster.local", 5000, False),
        ("localhost", "localhost", 80, True),
        ("example.com", "evil-example.com", 80, False),
    ],
)
def test_an_entry_opens_exactly_what_it_names(entry: str, host: str, port: int, is_open: bool) -> None:
    """Hosts, ports and networks of the allow-list open plain http to themselves and to nothing else."""
    policy = EgressPolicy(allow=(entry,))

    assert (policy.refusal_of_url("http", host, port) is None) == is_open


@pytest.mark.parametrize(
    "host",
    [
        "registry",
        "registry.other.svc",
        "registry.other.svc.cluster.local",
        "db.cluster.local",
        "kubernetes.default.svc.",
    ],
)
def test_names_inside_the_cluster_are_refused(host: str) -> None:
    """Names of cluster DNS, and bare names, which search domains would complete, are not called."""
    assert "inside the cluster" in str(STRICT.refusal_of_url("https", host, 443))


def test_services_of_the_own_namespace_are_no_strangers() -> None:
    """The namespace of the object that names the URL opens its own Services, not those of others."""
    policy = STRICT.within("shop")

    assert policy.refusal_of_url("https", "registry.shop.svc", 443) is None
    assert policy.refusal_of_url("https", "registry.shop.svc.cluster.local", 443) is None
    assert policy.refusal_of_url("https", "registry.other.svc", 443) is not None
    assert policy.refusal_of_url("https", "shop.svc", 443) is not None


def test_plain_http_needs_the_allow_list() -> None:
    """An ordinary host is called with https only."""
    assert STRICT.refusal_of_url("https", "registry.example.com", 443) is None
    assert "plain http" in str(STRICT.refusal_of_url("http", "registry.example.com", 80))
    assert LIBRARY_POLICY.refusal_of_url("http", "registry.example.com", 80) is None


def test_a_name_that_resolves_to_loopback_is_refused() -> None:
    """What counts is the address that would be connected to, not the name."""
    assert STRICT.refusal_of_address("innocent.example.com", 443, "127.0.0.1") is not None
    assert STRICT.refusal_of_address("innocent.example.com", 443, "::ffff:169.254.169.254") is not None
    assert STRICT.refusal_of_address("innocent.example.com", 443, "10.1.2.3") is None


def test_a_listed_name_may_resolve_to_loopback() -> None:
    """Whoever lists `localhost` means its addresses."""
    assert EgressPolicy(allow=("localhost:5000",)).refusal_of_address("localhost", 5000, "::1") is None


def test_the_api_server_stays_closed_behind_a_wide_entry() -> None:
    """An entry for all ports of a host does not open the API server on it; naming its port does."""
    deny = ("127.0.0.1:6443", "10.96.0.1")
    wide = EgressPolicy(allow=("127.0.0.1:*",), deny=deny)
    exact = EgressPolicy(allow=("127.0.0.1:6443", "10.96.0.1"), deny=deny)

    assert wide.refusal_of_url("https", "127.0.0.1", 5000) is None
    assert "API server" in str(wide.refusal_of_url("https", "127.0.0.1", 6443))
    assert "API server" in str(wide.refusal_of_address("kubernetes.example.com", 443, "10.96.0.1"))
    assert exact.refusal_of_url("https", "127.0.0.1", 6443) is None
    assert exact.refusal_of_url("https", "10.96.0.1", 443) is None


def test_search_domains_are_kept_out_of_resolution() -> None:
    """A name is resolved as absolute, so that `registry.other` cannot become a Service."""
    assert STRICT.name_to_resolve("registry.other", 443) == "registry.other."
    assert STRICT.name_to_resolve("10.0.0.1", 443) == "10.0.0.1"
    assert EgressPolicy(allow=("registry",)).name_to_resolve("registry", 443) == "registry"
    assert LIBRARY_POLICY.name_to_resolve("registry.other", 443) == "registry.other"


@given(st.integers(min_value=0, max_value=2**32 - 1))
def test_all_notations_of_an_address_are_judged_alike(number: int) -> None:
    """Dotted, decimal, hexadecimal and IPv4-mapped forms of one address get one verdict."""
    address = ipaddress.IPv4Address(number)
    forms = [str(address), str(number), hex(number), f"::ffff:{address}"]

    verdicts = {STRICT.refusal_of_url("https", form, 443) is None for form in forms}

    assert len(verdicts) == 1


@given(st.text(max_size=40))
def test_any_text_is_a_name_or_an_address(text: str) -> None:
    """Reading a host never fails."""
    literal_address(text)
    STRICT.refusal_of_url("https", text, 443)
