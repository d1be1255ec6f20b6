from __future__ import annotations

import json

import pytest

from slipway.oci.credentials import Credential
from slipway.oci.errors import AccessDenied, ListingIncomplete
from tests.support.providers.dockerhub import FakeDockerHub
from tests.support.providers.fake import PASSWORD, FakeVendor, StoredTag, many
from tests.support.raw_server import Seen

ROBOT = Credential.basic("robot", PASSWORD)


async def test_one_token_serves_many_requests() -> None:
    """It is exchanged when it is first needed, and again shortly before its own end."""
    fake = FakeDockerHub({"shop/api": many(1)}, secret_required=True)
    async with fake.running(credential=ROBOT) as running:
        for _ in range(3):
            await running.provider.list_tags("shop/api")
        assert fake.tokens == 1

        running.clock.seconds += fake.lifetime - 29
        await running.provider.list_tags("shop/api")
        assert fake.tokens == 2


async def test_a_token_that_was_withdrawn_is_exchanged_anew() -> None:
    """A 401 to a token that had not ended yet."""
    fake = FakeDockerHub({"shop/api": many(1)}, secret_required=True)
    async with fake.running(credential=ROBOT) as running:
        await running.provider.list_tags("shop/api")
        fake.lifetime += 1
        tags = await running.provider.list_tags("shop/api")

    assert fake.tokens == 2
    assert tags.info("v0").digest is not None


class Rotating:
    """A source whose credential a test changes."""

    secrets = ()
    renews_in = None
    now = ROBOT

    async def credential(self) -> Credential:
        return self.now


async def test_another_password_gets_another_token() -> None:
    """A Secret that was changed counts from the next request on."""
    source = Rotating()
    fake = FakeDockerHub({"shop/api": many(1)}, secret_required=True)
    async with fake.running(source=source) as running:
        await running.provider.list_tags("shop/api")
        assert running.provider.answers_by_api

        source.now = Credential.basic("robot", "wrong")
        await running.provider.list_tags("shop/api")
        assert running.provider.answers_by_api is False


async def test_a_wrong_password_leaves_it_to_the_registry() -> None:
    """Which says so itself, or lets everybody in."""
    fake = FakeDockerHub({"shop/api": many(1)})
    async with fake.running(credential=Credential.basic("robot", "wrong")) as running:
        tags = await running.provider.list_tags("shop/api")

    assert tags.names == ("v0",)
    assert running.plain.asked == ["shop/api"]


async def test_official_images_are_those_of_the_library() -> None:
    """With and without the name that nobody writes."""
    fake = FakeDockerHub({"library/nginx": many(2)})
    async with fake.running() as running:
        assert len(await running.provider.list_tags("library/nginx")) == 2
        assert len(await running.provider.list_tags("nginx")) == 2

    assert running.plain.asked == []


async def test_a_name_of_three_parts_is_not_asked_for() -> None:
    """Docker Hub has none."""
    fake = FakeDockerHub({"a/b/c": many(1)})
    async with fake.running() as running:
        await running.provider.list_tags("a/b/c")

    assert running.server.seen == []


async def test_the_namespace_is_that_of_the_project_or_of_the_user() -> None:
    """Without either the error says what to name."""
    fake = FakeDockerHub({"robot/tool": many(1), "shop/api": many(1)})
    async with fake.running(credential=ROBOT) as running:
        assert (await running.provider.list_repositories()).names == ("robot/tool",)
    async with fake.running(credential=ROBOT, project="shop") as running:
        catalog = await running.provider.list_repositories()
        assert catalog.names == ("shop/api",)
        assert catalog.repositories[0].description == "An image"
    async with fake.running() as running:
        with pytest.raises(AccessDenied, match="name it in project"):
            await running.provider.list_repositories()


async def test_a_namespace_leads_nowhere_else_in_the_api() -> None:
    """It may be a user name, and that is whatever a Secret holds."""
    fake = FakeDockerHub({"shop/api": many(1)})
    async with fake.running(project="shop?x=1#") as running:
        with pytest.raises(AccessDenied):
            await running.provider.list_repositories()

    assert [seen.path for seen in running.server.seen] == ["/v2/namespaces/shop%3Fx%3D1%23/repositories"]


async def test_a_tag_that_goes_while_pages_are_read_starts_the_list_over() -> None:
    """Its successors move up a page, and one of them would have been missed."""

    def delete(fake: FakeVendor, number: int) -> None:
        if number == 2:
            fake.repositories["shop/api"].pop(0)

    fake = FakeDockerHub({"shop/api": many(20)}, page_size=7, changes=delete)
    async with fake.running() as running:
        tags = await running.provider.list_tags("shop/api")

    assert len(tags) == 19
    assert len(running.pages) == 5


async def test_a_repository_that_never_holds_still_is_not_listed() -> None:
    """Nothing is chosen from a list that may have a gap."""

    def delete(fake: FakeVendor, number: int) -> None:
        fake.repositories["shop/api"].pop(0)

    fake = FakeDockerHub({"shop/api": many(40)}, page_size=7, changes=delete)
    async with fake.running() as running:
        with pytest.raises(ListingIncomplete, match="changed"):
            await running.provider.list_tags("shop/api")


async def test_an_old_tag_without_a_digest_is_listed() -> None:
    """What the Hub does not tell, a HEAD will."""
    fake = FakeDockerHub({"shop/api": [StoredTag("old", digest="none")]})
    async with fake.running() as running:
        tags = await running.provider.list_tags("shop/api")

    assert tags.names == ("old",)
    assert tags.info("old").digest is None
    assert tags.info("old").size == 1024


async def test_the_fake_refuses_what_the_hub_refuses() -> None:
    """Pages past the end are 404, and a wrong secret gets no token."""
    fake = FakeDockerHub({"shop/api": many(1)})
    path = "/v2/namespaces/shop/repositories/api/tags"

    assert fake.answer(path, {"page": "2", "page_size": "100"}, _seen("GET")) is None
    refused = fake.answer("/v2/auth/token", {}, _seen("POST", {"identifier": "robot", "secret": "no"}))
    assert refused is not None
    assert refused.status == 401


def _seen(method: str, body: dict[str, str] | None = None) -> Seen:
    return Seen(method, "/", {}, json.dumps(body).encode())
