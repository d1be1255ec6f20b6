from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.egress import ClientCertificate
from slipway.oci.credentials import (
    ALLOWED_HOSTS,
    ANONYMOUS,
    Credential,
    CredentialKind,
    Secret,
    certificates_from,
    credential_for,
    credential_id,
)
from slipway.oci.errors import CertificateUnusable, CredentialInvalid, CredentialNotBound


def _docker(auths: dict[str, Any]) -> Secret:
    content = json.dumps({"auths": auths}).encode()
    return Secret("acme", "kubernetes.io/dockerconfigjson", {".dockerconfigjson": content})


def _entry(pair: str = "robot:hunter2") -> dict[str, str]:
    return {"auth": base64.b64encode(pair.encode()).decode()}


def _basic(hosts: str | None, data: dict[str, bytes] | None = None) -> Secret:
    annotations = {} if hosts is None else {ALLOWED_HOSTS: hosts}
    content = {"username": b"robot", "password": b"hunter2"} if data is None else data
    return Secret("acme", "kubernetes.io/basic-auth", content, annotations)


@pytest.mark.parametrize(
    ("key", "host", "repository", "is_found"),
    [
        ("r.io", "r.io", "", True),
        ("https://r.io", "r.io", "", True),
        ("https://r.io/v2/", "r.io", "", True),
        ("r.io:5000", "r.io:5000", "", True),
        ("r.io", "r.io:5000", "", False),
        ("r.io:5000", "r.io", "", False),
        ("R.io", "r.io", "", True),
        ("*.r.io", "a.r.io", "", True),
        ("*.r.io", "a.b.r.io", "", False),
        ("*.r.io", "r.io", "", False),
        ("a*.r.io", "abc.r.io", "", True),
        ("r.io/shop", "r.io", "shop/api", True),
        ("r.io/shop", "r.io", "other/api", False),
        ("r.io/shop", "r.io", "", False),
        ("https://index.docker.io/v1/", "docker.io", "library/ubuntu", True),
        ("docker.io", "registry-1.docker.io", "", True),
        ("registry-1.docker.io", "index.docker.io", "", True),
        ("evil-r.io", "r.io", "", False),
        ("r.io.evil.com", "r.io", "", False),
        ("*", "r.io", "", False),
    ],
)
def test_keys_match_as_the_kubelet_matches_them(key: str, host: str, repository: str, is_found: bool) -> None:
    """Scheme and API version are ignored; ports, labels and path decide; Docker Hub has many names."""
    secret = _docker({key: _entry()})

    if is_found:
        assert credential_for(secret, host, repository).password == "hunter2"
    else:
        with pytest.raises(CredentialNotBound, match="add an entry"):
            credential_for(secret, host, repository)


def test_the_longest_path_wins() -> None:
    """Among several keys that match, the last in lexical order is used, as the kubelet does."""
    secret = _docker({"r.io": _entry("a:1"), "r.io/shop": _entry("b:2"), "*.io": _entry("c:3")})

    assert credential_for(secret, "r.io", "shop/api").username == "b"
    assert credential_for(secret, "r.io", "other").username == "a"
    assert credential_for(secret, "x.io", "other").username == "c"


@pytest.mark.parametrize(
    ("entry", "want"),
    [
        (_entry("robot:a:b"), ("robot", "a:b")),
        (_entry("robot:hunter2\0\0"), ("robot", "hunter2")),
        ({"username": "robot", "password": "hunter2"}, ("robot", "hunter2")),
        ({"username": "other", "password": "other"} | _entry(), ("robot", "hunter2")),
    ],
)
def test_entries_are_read_as_docker_writes_them(entry: dict[str, str], want: tuple[str, str]) -> None:
    """A password may hold colons and be padded; the encoded pair wins over the plain one."""
    credential = credential_for(_docker({"r.io": entry}), "r.io")

    assert (credential.username, credential.password) == want
    assert credential.hosts == ("r.io",)


def test_an_identity_token_becomes_a_token_credential() -> None:
    """What `docker login` stores for token servers is used as such."""
    credential = credential_for(_docker({"r.io": _entry("<token>:x") | {"identitytoken": "abc"}}), "r.io")

    assert credential.kind is CredentialKind.TOKEN
    assert credential.token == "abc"


def test_an_empty_entry_is_passed_over() -> None:
    """Docker leaves an empty entry where a credential helper has the password."""
    assert (
        credential_for(_docker({"r.io/shop": {}, "r.io": _entry()}), "r.io", "shop/api").username == "robot"
    )
    with pytest.raises(CredentialNotBound):
        credential_for(_docker({"r.io": {}}), "r.io")


@pytest.mark.parametrize(
    ("hosts", "host", "is_bound"),
    [
        ("r.io", "r.io", True),
        ("a.io, r.io:5000", "r.io:5000", True),
        ("*.r.io", "a.r.io", True),
        ("docker.io", "registry-1.docker.io", True),
        ("r.io", "r.io.evil.com", False),
        ("r.io", "evil.com", False),
        ("", "r.io", False),
        (None, "r.io", False),
    ],
)
def test_other_secrets_are_bound_by_their_annotation(hosts: str | None, host: str, is_bound: bool) -> None:
    """A password goes only to hosts that the Secret itself names; the error says how to name one."""
    if is_bound:
        credential = credential_for(_basic(hosts), host)
        assert (credential.username, credential.password) == ("robot", "hunter2")
    else:
        with pytest.raises(CredentialNotBound, match=f"annotate it with {ALLOWED_HOSTS}: {host}"):
            credential_for(_basic(hosts), host)


def test_a_registry_moved_to_another_host_does_not_take_the_credential_along() -> None:
    """Abuse 23: whoever edits only the URL of a Registry gets nothing out of the Secret."""
    secret = _docker({"registry.example.com": _entry()})

    with pytest.raises(CredentialNotBound, match=r"it names registry\.example\.com") as caught:
        credential_for(secret, "attacker.example.net")

    assert "hunter2" not in str(caught.value)
    assert caught.value.reason == "CredentialNotBound"


def test_an_opaque_secret_needs_a_token() -> None:
    """A token alone is an identity token; with a user name it is a password."""
    annotations = {ALLOWED_HOSTS: "r.io"}
    alone = Secret("acme", "Opaque", {"token": b"abc\n"}, annotations)
    named = Secret("acme", "Opaque", {"token": b"abc", "username": b"robot"}, annotations)

    assert credential_for(alone, "r.io") == Credential.bearer("abc", ("r.io",))
    assert credential_for(named, "r.io") == Credential.basic("robot", "abc", ("r.io",))
    with pytest.raises(CredentialInvalid, match="Opaque with `token`"):
        credential_for(Secret("acme", "Opaque", {"key": b"x"}, annotations), "r.io")


@pytest.mark.parametrize("kind", ["kubernetes.io/service-account-token", "helm.sh/release.v1"])
def test_secrets_of_other_purposes_are_refused_by_type(kind: str) -> None:
    """Abuse 25: not even an annotation makes a service account token a registry credential."""
    secret = Secret("acme", kind, {"token": b"abc"}, {ALLOWED_HOSTS: "r.io"})

    with pytest.raises(CredentialInvalid, match="refused"):
        credential_for(secret, "r.io")


@pytest.mark.parametrize(
    "secret",
    [
        Secret("acme", "kubernetes.io/dockerconfigjson", {}),
        Secret("acme", "kubernetes.io/dockerconfigjson", {".dockerconfigjson": b"no JSON"}),
        Secret("acme", "kubernetes.io/dockerconfigjson", {".dockerconfigjson": b"[]"}),
        Secret("acme", "kubernetes.io/dockerconfigjson", {".dockerconfigjson": b'{"auths": []}'}),
        _docker({"r.io": "text"}),
        _docker({"r.io": {"auth": "no base64!"}}),
        _docker({"r.io": _entry("nocolon")}),
        _basic("r.io", {"username": b"robot"}),
        _basic("r.io", {"username": b"\xff", "password": b"x"}),
        Secret("acme", "kubernetes.io/tls", {}, {ALLOWED_HOSTS: "r.io"}),
    ],
)
def test_malformed_secrets_are_named(secret: Secret) -> None:
    """Each says which Secret it is and what it lacks, and nothing of its content."""
    with pytest.raises(CredentialInvalid, match="Secret acme"):
        credential_for(secret, "r.io")


def test_a_secret_is_read_as_the_api_server_gives_it() -> None:
    """Data is decoded, the type defaults to Opaque, and data that is not base64 is refused."""
    secret = Secret.from_object({"metadata": {"name": "acme"}, "data": {"token": "YWJj"}})

    assert secret == Secret("acme", "Opaque", {"token": b"abc"}, {})
    assert "abc" not in repr(secret)
    with pytest.raises(CredentialInvalid):
        Secret.from_object({"metadata": {"name": "acme"}, "data": {"token": "!"}})


def test_certificates_are_read() -> None:
    """Authorities, a client certificate, or both."""
    both = Secret("ca", "Opaque", {"ca.crt": b"CA", "tls.crt": b"C", "tls.key": b"K"})

    assert certificates_from(both).authorities == b"CA"
    assert certificates_from(both).client == ClientCertificate(b"C", b"K")
    assert certificates_from(Secret("ca", "Opaque", {"ca.crt": b"CA"})).client is None
    with pytest.raises(CertificateUnusable, match="needs both"):
        certificates_from(Secret("ca", "Opaque", {"ca.crt": b"CA", "tls.crt": b"C"}))
    with pytest.raises(CertificateUnusable, match=r"neither ca\.crt"):
        certificates_from(Secret("ca", "Opaque", {}))


def test_the_id_changes_with_everything_that_gives_authority() -> None:
    """Credential, authorities, client certificate and TLS mode are each part of it; it holds no secret."""
    credential = Credential.basic("robot", "hunter2", ("r.io",))
    client = ClientCertificate(b"C", b"K")
    ids = [
        credential_id(ANONYMOUS, None, None, verify=True),
        credential_id(credential, None, None, verify=True),
        credential_id(Credential.basic("robot", "other", ("r.io",)), None, None, verify=True),
        credential_id(Credential.basic("robothunter", "2", ("r.io",)), None, None, verify=True),
        credential_id(Credential.bearer("hunter2", ("r.io",)), None, None, verify=True),
        credential_id(credential, b"CA", None, verify=True),
        credential_id(credential, None, client, verify=True),
        credential_id(credential, None, None, verify=False),
    ]

    assert len(set(ids)) == len(ids)
    assert ids[1] == credential_id(Credential.basic("robot", "hunter2", ("r.io",)), None, None, verify=True)
    assert "hunter2" not in repr(credential)


@given(
    st.dictionaries(st.text(max_size=20), st.just(_entry()), max_size=4),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_no_key_and_no_host_crashes_the_match(auths: dict[str, Any], host: str, repository: str) -> None:
    """Whatever a Secret's keys and a URL's host are, there is a credential or our own error."""
    try:
        credential = credential_for(_docker(auths), host, repository)
    except CredentialNotBound:
        return

    assert credential.username == "robot"
