from __future__ import annotations

import json
from typing import Any

import pytest

from slipway.oci.credentials import ANONYMOUS
from slipway.oci.errors import ListingIncomplete, RateLimited, RegistryError, RegistryFailing
from tests.support.providers.ecr import ACCOUNT, FakeEcr, aws_refusal
from tests.support.providers.fake import StoredTag, digest_named, json_reply, many


def _wildcard(*filters: str) -> list[dict[str, str]]:
    return [{"filterType": "WILDCARD", "filter": text} for text in filters]


@pytest.mark.parametrize(
    ("settings", "immutable"),
    [
        ({"imageTagMutability": "MUTABLE"}, set()),
        ({"imageTagMutability": "IMMUTABLE"}, {"1.0.0", "dev-1", "latest"}),
        (
            {
                "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
                "imageTagMutabilityExclusionFilters": _wildcard("dev-*", "latest"),
            },
            {"1.0.0"},
        ),
        (
            {
                "imageTagMutability": "MUTABLE_WITH_EXCLUSION",
                "imageTagMutabilityExclusionFilters": _wildcard("*.*.*"),
            },
            {"1.0.0"},
        ),
        ({"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"}, set()),
        (
            {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "imageTagMutabilityExclusionFilters": [3]},
            set(),
        ),
        ({"imageTagMutability": None}, set()),
        ({"imageTagMutability": "SOMETHING_NEW"}, set()),
    ],
    ids=lambda value: value["imageTagMutability"] if isinstance(value, dict) else None,
)
async def test_a_tag_is_immutable_where_the_repository_says_so(
    settings: dict[str, Any], immutable: set[str]
) -> None:
    """With the exceptions it makes; what cannot be understood is no promise."""
    fake = FakeEcr(
        {"shop/api": [StoredTag(name) for name in ("1.0.0", "dev-1", "latest")]}, settings=settings
    )
    async with fake.running(credential=fake.credential) as running:
        tags = await running.provider.list_tags("shop/api")

    assert {tag.name for tag in tags if tag.immutable} == immutable


async def test_without_the_right_to_know_no_tag_is_immutable() -> None:
    """The tags themselves come as ever."""
    fake = FakeEcr({"shop/api": many(2)}, settings={"imageTagMutability": "IMMUTABLE"}, settings_denied=True)
    async with fake.running(credential=fake.credential) as running:
        tags = await running.provider.list_tags("shop/api")

    assert len(tags) == 2
    assert not any(tag.immutable for tag in tags)
    assert running.provider.answers_by_api is True


async def test_all_tags_of_an_image_are_listed() -> None:
    """They come together, with one digest, one time and one size."""
    digest = digest_named("an image")
    fake = FakeEcr({"shop/api": [StoredTag("1.0.0", digest), StoredTag("latest", digest)]})
    async with fake.running(credential=fake.credential) as running:
        tags = await running.provider.list_tags("shop/api")

    assert {tag.name: (tag.digest, tag.size) for tag in tags} == {
        "1.0.0": (digest, 1024),
        "latest": (digest, 1024),
    }


async def test_only_tagged_images_of_the_account_are_asked_for() -> None:
    """A thousand at once, signed, by POST."""
    fake = FakeEcr({"shop/api": many(1)})
    async with fake.running(credential=fake.credential) as running:
        await running.provider.list_tags("shop/api")

    assert json.loads(running.pages[0].body) == {
        "registryId": ACCOUNT,
        "repositoryName": "shop/api",
        "filter": {"tagStatus": "TAGGED"},
        "maxResults": 1000,
    }


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("ThrottlingException", 400, RateLimited),
        ("TooManyRequestsException", 400, RateLimited),
        ("ServerException", 500, RegistryFailing),
        ("ServiceUnavailable", 400, RegistryFailing),
    ],
)
@pytest.mark.parametrize("page", [1, 2])
async def test_an_api_that_is_not_well_is_not_passed_over(
    code: str, status: int, error: type[RegistryError], page: int
) -> None:
    """Although the status may be 400: the code says what it is."""
    fake = FakeEcr({"shop/api": many(20)}, page_size=7, trouble={page: aws_refusal(code, "words", status)})
    async with fake.running(credential=fake.credential) as running:
        with pytest.raises(error):
            await running.provider.list_tags("shop/api")

    assert running.plain.asked == []


async def test_keys_without_the_right_to_describe_leave_the_plain_protocol() -> None:
    """A policy to pull with has no more."""
    trouble = dict.fromkeys(range(1, 9), aws_refusal("AccessDeniedException", "not authorized"))
    fake = FakeEcr({"shop/api": many(2)}, trouble=trouble)
    async with fake.running(credential=fake.credential) as running:
        tags = await running.provider.list_tags("shop/api")
        catalog = await running.provider.list_repositories()

    assert tags.names == ("v0", "v1")
    assert catalog.names == ("shop/api",)
    assert running.plain.asked == ["shop/api", "catalog"]


async def test_pages_in_a_circle_have_an_end() -> None:
    """A token that was there already leads nowhere."""
    page = json_reply({"imageDetails": [], "nextToken": "again"})
    fake = FakeEcr({"shop/api": many(1)}, trouble=dict.fromkeys(range(1, 9), page))
    async with fake.running(credential=fake.credential) as running:
        with pytest.raises(ListingIncomplete, match="circle"):
            await running.provider.list_tags("shop/api")

    assert len(running.pages) == 2


async def test_a_password_alone_asks_the_plain_protocol() -> None:
    """Amazon's API takes nothing but signatures."""
    fake = FakeEcr({"shop/api": many(2)})
    async with fake.running(credential=ANONYMOUS, registry="https://registry.example.com") as running:
        assert len(await running.provider.list_tags("shop/api")) == 2

    assert running.server.seen == []
