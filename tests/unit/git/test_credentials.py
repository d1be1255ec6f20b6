from __future__ import annotations

import base64

import asyncssh
import pytest

from slipway.binding import ALLOWED_HOSTS
from slipway.git.credentials import ANONYMOUS, GitCredential, git_credential_for
from slipway.git.errors import CertificateUnusable, CredentialInvalid, CredentialNotBound
from slipway.git.url import parse_git_url
from slipway.oci.credentials import Secret

HTTPS = parse_git_url("https://git.example.com/shop/api")
SSH = parse_git_url("ssh://git@git.example.com/shop/api")
KEY = asyncssh.generate_private_key("ssh-ed25519")
IDENTITY = KEY.export_private_key()
HOSTS = b"git.example.com ssh-ed25519 AAAA\n"
BASIC = f"Basic {base64.b64encode(b'ann:hunter2').decode()}"

SENT = {
    "user name and password": ({"username": b"ann", "password": b"hunter2"}, BASIC),
    "user name and token": ({"username": b"ann", "token": b"hunter2\n"}, BASIC),
    "a bearer token": ({"bearerToken": b"hunter2\n"}, "Bearer hunter2"),
    "a token": ({"token": b"hunter2"}, "Bearer hunter2"),
}

REFUSED_FOR_HTTPS = {
    "nothing": {},
    "a user name alone": {"username": b"ann"},
    "a password alone": {"password": b"hunter2"},
    "a key, which goes with ssh": {"identity": IDENTITY, "known_hosts": HOSTS},
    "a user name with a colon": {"username": b"a:b", "password": b"hunter2"},
    "a token with a line break within": {"token": b"hunter2\r\nX-Evil: 1"},
    "a token that is no ASCII": {"token": "h\u00fcnter2".encode()},
    "a password that is no text": {"username": b"ann", "password": b"\xff\xfe"},
}

REFUSED_FOR_SSH = {
    "nothing": ({}, "lacks `identity`"),
    "a key alone": ({"identity": IDENTITY}, "lacks `known_hosts`"),
    "known hosts alone": ({"known_hosts": HOSTS}, "lacks `identity`"),
    "empty known hosts": ({"identity": IDENTITY, "known_hosts": b"\n"}, "lacks `known_hosts`"),
    "a public key": ({"identity": KEY.export_public_key(), "known_hosts": HOSTS}, "not a private key"),
    "a key with a passphrase": (
        {
            "identity": KEY.export_private_key(passphrase="hunter2", rounds=1, ignore_few_rounds=True),
            "known_hosts": HOSTS,
        },
        "has a passphrase",
    ),
    "an older key with a passphrase": (
        {"identity": KEY.export_private_key("pkcs8-pem", passphrase="hunter2"), "known_hosts": HOSTS},
        "has a passphrase",
    ),
}


def _secret(data: dict[str, bytes], kind: str = "Opaque", hosts: str = "git.example.com") -> Secret:
    return Secret("shop", kind, data, {ALLOWED_HOSTS: hosts})


@pytest.mark.parametrize("case", SENT)
def test_http_shows_a_password_or_a_token(case: str) -> None:
    """In one header, from the keys that Flux made known."""
    data, header = SENT[case]

    assert git_credential_for(_secret(data), HTTPS).authorization == header


def test_the_types_of_kubernetes_are_read_too() -> None:
    """basic-auth for http(s), ssh-auth for ssh."""
    basic = _secret({"username": b"ann", "password": b"hunter2"}, "kubernetes.io/basic-auth")
    key = _secret({"ssh-privatekey": IDENTITY, "known_hosts": HOSTS}, "kubernetes.io/ssh-auth")

    assert git_credential_for(basic, HTTPS).authorization == BASIC
    assert git_credential_for(key, SSH).identity == IDENTITY


@pytest.mark.parametrize(
    "kind", ["kubernetes.io/service-account-token", "helm.sh/release.v1", "kubernetes.io/tls"]
)
def test_other_types_are_refused(kind: str) -> None:
    """A service account token must not be sent to a git host, whoever annotated it."""
    with pytest.raises(CredentialInvalid, match=kind):
        git_credential_for(_secret({"token": b"hunter2"}, kind), HTTPS)


@pytest.mark.parametrize(
    ("hosts", "url", "is_bound"),
    [
        ("git.example.com", "https://git.example.com/x", True),
        ("other.example.com, GIT.example.com", "https://git.example.com/x", True),
        ("*.example.com", "git@git.example.com:x", True),
        ("git.example.com:2222", "ssh://git@git.example.com:2222/x", True),
        ("git.example.com", "ssh://git@git.example.com:2222/x", False),
        ("git.example.com", "https://git.example.com.evil.com/x", False),
        ("", "https://git.example.com/x", False),
    ],
)
def test_a_secret_goes_only_to_hosts_that_it_names(hosts: str, url: str, is_bound: bool) -> None:
    """Whoever may edit the Warehouse, but not the Secret, cannot send it elsewhere."""
    data = {"username": b"ann", "password": b"hunter2", "identity": IDENTITY, "known_hosts": HOSTS}
    target = parse_git_url(url)

    if is_bound:
        assert not git_credential_for(_secret(data, hosts=hosts), target).is_anonymous
    else:
        with pytest.raises(CredentialNotBound, match=f"{ALLOWED_HOSTS}: {target.place}"):
            git_credential_for(_secret(data, hosts=hosts), target)


@pytest.mark.parametrize("case", REFUSED_FOR_HTTPS)
def test_half_a_credential_is_none_for_http(case: str) -> None:
    """The message names the keys that are needed, and no value."""
    with pytest.raises(CredentialInvalid, match="Secret shop") as caught:
        git_credential_for(_secret(REFUSED_FOR_HTTPS[case]), HTTPS)

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("case", REFUSED_FOR_SSH)
def test_half_a_credential_is_none_for_ssh(case: str) -> None:
    """Known hosts are a must: without them anybody could be the host."""
    data, words = REFUSED_FOR_SSH[case]

    with pytest.raises(CredentialInvalid, match=words):
        git_credential_for(_secret(data), SSH)


def test_a_key_is_put_into_the_form_that_ssh_takes() -> None:
    """A lost last line break and Windows' line ends are what people paste."""
    pasted = IDENTITY.strip().replace(b"\n", b"\r\n")

    assert git_credential_for(_secret({"identity": pasted, "known_hosts": HOSTS}), SSH).identity == IDENTITY


def test_a_key_in_an_older_form_is_taken() -> None:
    """PKCS#8 without a passphrase."""
    key = KEY.export_private_key("pkcs8-pem")

    assert git_credential_for(_secret({"identity": key, "known_hosts": HOSTS}), SSH).identity == key


def test_authorities_may_come_alone() -> None:
    """A public repository on a host with an authority of its own; they must be readable."""
    with pytest.raises(CertificateUnusable, match=r"ca\.crt"):
        git_credential_for(_secret({"ca.crt": b"no certificate"}), HTTPS)


def test_nothing_secret_is_shown() -> None:
    """Neither in a representation, nor left out of what is taken out of messages."""
    credential = GitCredential("ann", "hunter2", token="hunter3", identity=b"hunter4")

    assert "hunter" not in repr(credential)
    assert set(credential.secrets) == {"hunter2", "hunter3", BASIC.removeprefix("Basic ")}
    assert ANONYMOUS.secrets == ()
    assert ANONYMOUS.is_anonymous
