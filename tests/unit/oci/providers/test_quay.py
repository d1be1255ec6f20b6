from __future__ import annotations

import pytest

from slipway.oci.credentials import Credential
from tests.support.providers.fake import PASSWORD, many
from tests.support.providers.quay import FakeQuay


@pytest.mark.parametrize(
    ("credential", "shown"),
    [
        (Credential.bearer(PASSWORD), True),
        (Credential.basic("$oauthtoken", PASSWORD), True),
        (Credential.basic("shop+robot", PASSWORD), False),
        (Credential.basic("person", PASSWORD), False),
    ],
)
async def test_only_an_oauth_token_is_shown(credential: Credential, shown: bool) -> None:
    """The password of a robot account is for the registry: its API takes none."""
    fake = FakeQuay({"shop/api": many(1)})
    async with fake.running(credential=credential) as running:
        await running.provider.list_tags("shop/api")

    assert running.provider.answers_by_api
    assert ("authorization" in running.server.seen[0].headers) is shown


async def test_names_may_have_more_than_two_parts() -> None:
    """The path of the API takes them as they are."""
    fake = FakeQuay({"shop/apps/api": many(1)})
    async with fake.running() as running:
        assert len(await running.provider.list_tags("shop/apps/api")) == 1

    assert running.provider.answers_by_api


async def test_without_a_namespace_the_catalogue_is_asked() -> None:
    """The API would list everything that is public on quay.io."""
    fake = FakeQuay({"shop/api": many(1)})
    async with fake.running() as running:
        assert (await running.provider.list_repositories()).names == ("shop/api",)

    assert running.server.seen == []
