from __future__ import annotations

import base64
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from slipway.kube.connection import Connection, user_agent
from slipway.kube.errors import Unreachable


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def files_in(folder: Path) -> list[Path]:
    """What lies in a folder."""
    return list(folder.iterdir())


def write(
    path: Path, *, user: Mapping[str, Any], server: str = "https://127.0.0.1:6443", **cluster: Any
) -> Path:
    """A kubeconfig with one cluster and one user."""
    content = {
        "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "u", "user": dict(user)}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path.write_text(yaml.safe_dump(content))
    return path


def key_pair() -> tuple[str, str]:
    """A certificate and its key, as kubeconfigs hold them."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "admin")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    return base64.b64encode(public).decode(), base64.b64encode(pem).decode()


async def test_a_token_says_who_we_are(tmp_path: Path) -> None:
    """It goes into the Authorization header, and the server's URL has no slash at its end."""
    connection = await Connection.load(
        write(tmp_path / "config", user={"token": "t0ken"}, server="http://host/")
    )

    assert connection.server == "http://host"
    assert connection.tls is None
    assert await connection.headers() == {"Authorization": "Bearer t0ken"}


async def test_no_key_stays_on_disk(tmp_path: Path, temporary: Path) -> None:
    """A killed operator must leave no private key behind; a second load works like the first."""
    certificate, key = key_pair()
    user = {"client-certificate-data": certificate, "client-key-data": key}
    path = write(tmp_path / "config", user=user, **{"certificate-authority-data": certificate})

    for _ in range(2):
        connection = await Connection.load(path)

        assert connection.tls is not None
        assert files_in(temporary) == []


async def test_a_refused_token_is_read_anew_once(tmp_path: Path) -> None:
    """The first request that was refused reads the configuration; those behind it find the new token."""
    path = write(tmp_path / "config", user={"token": "old"}, server="http://host")
    connection = await Connection.load(path)
    refused = await connection.headers()
    write(path, user={"token": "new"}, server="http://host")

    await connection.reload(refused)
    path.unlink()
    await connection.reload(refused)

    assert await connection.headers() == {"Authorization": "Bearer new"}


async def test_a_token_that_cannot_be_read_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the API server is away: it passes, and ends nothing."""
    connection = await Connection.load(write(tmp_path / "config", user={"token": "t0ken"}))

    async def fail(_: str) -> str:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(connection._configuration, "get_api_key_with_prefix", fail)

    with pytest.raises(Unreachable, match="Too many open files"):
        await connection.headers()


@pytest.mark.parametrize(
    "content", [None, "", "[]", "current-context: x", "{", "current-context: x\nclusters: 7"]
)
async def test_a_configuration_that_says_nothing_is_named(tmp_path: Path, content: str | None) -> None:
    """Missing, empty or broken: the error names the file."""
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content)

    with pytest.raises(Unreachable, match=str(path)):
        await Connection.load(path)


async def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """KUBECONFIG counts where no file is given, even inside a pod."""
    path = write(tmp_path / "config", user={"token": "t0ken"}, server="http://elsewhere")
    monkeypatch.setenv("KUBECONFIG", str(path))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")

    assert (await Connection.load()).server == "http://elsewhere"


async def test_the_pod_is_asked_where_nothing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside a pod without a service account the error says what is missing."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")

    with pytest.raises(Unreachable, match="service account"):
        await Connection.load()


def test_the_operator_names_itself() -> None:
    """The audit log tells its requests from those of others."""
    assert user_agent().startswith("slipway/")
