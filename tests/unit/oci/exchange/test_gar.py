from __future__ import annotations

from pathlib import Path

import pytest

from slipway.oci.credentials import Credential
from slipway.oci.exchange.gar import GarCredential, is_google_host
from slipway.oci.exchange.google_identity import FederatedAccount
from tests.support.clouds import Clouds, answer

HOST = "europe-west4-docker.pkg.dev"


@pytest.mark.parametrize(
    "host", [HOST, "us-docker.pkg.dev", "gcr.io", "us.gcr.io", "eu.gcr.io", "asia.gcr.io", "GCR.io"]
)
def test_registries_of_google_are_known(host: str) -> None:
    """By location, and of both generations."""
    assert is_google_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "pkg.dev",
        "docker.pkg.dev",
        "europe-west4-python.pkg.dev",
        "europe-west4-docker.pkg.dev.evil.example",
        "europe-west4-docker.pkg.dev:5000",
        "evil.gcr.io",
        "evilgcr.io",
        "gcr.io.evil.example",
        "evil.example/gcr.io",
        "mirror.gcr.io",
        "gcr.io\n",
        "",
    ],
)
def test_any_other_host_is_none_of_googles(host: str) -> None:
    """However much it looks like one: it would get a token for all of the project."""
    assert not is_google_host(host)


async def test_an_access_token_is_the_password(clouds: Clouds, tmp_path: Path) -> None:
    """Renewed before its end, and known for redaction."""
    tokens = iter(("ya29.first", "ya29.second"))
    clouds.hosts["sts.googleapis.com"] = lambda _: answer({"access_token": next(tokens), "expires_in": 3600})
    (tmp_path / "token").write_text("eyJ-pod")
    account = FederatedAccount("//iam", "urn:ietf:params:oauth:token-type:jwt", str(tmp_path / "token"))
    source = GarCredential(account, clouds.http, clouds.clock, (HOST,))

    assert await source.credential() == Credential.basic("oauth2accesstoken", "ya29.first", (HOST,))
    clouds.clock.seconds = 2400
    assert (await source.credential()).password == "ya29.first"
    assert 0 < source.renews_in <= 300
    clouds.clock.seconds = 2701
    assert (await source.credential()).password == "ya29.second"
    assert {"ya29.first", "ya29.second"} <= set(source.secrets)
    assert "ya29" not in repr(source)
