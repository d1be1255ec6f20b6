from __future__ import annotations

from slipway.http import HttpClient
from slipway.oci.credentials import ANONYMOUS, Credential
from slipway.oci.providers.access import Access
from slipway.oci.providers.api import direct
from slipway.oci.providers.gitlab import _gitlab_named_by
from slipway.oci.session import RegistrySession
from tests.support.providers.fake import PASSWORD, PlainRegistry, many
from tests.support.providers.gitlab import FakeGitLab

ROBOT = Credential.basic("robot", PASSWORD)


async def test_the_registry_s_own_token_opens_its_own_api() -> None:
    """It is asked for once, with the scope of the repository, and by the rules of the registry."""
    fake = FakeGitLab({"shop/api": many(2)}, secret_required=True)
    async with fake.running(credential=ROBOT) as running:
        await running.provider.list_tags("shop/api")
        await running.provider.list_tags("shop/api")

    tokens = [seen for seen in running.server.seen if seen.path == "/jwt/auth"]
    assert len(tokens) == 1
    assert "scope=repository%3Ashop%2Fapi%3Apull" in tokens[0].target
    assert running.provider.answers_by_api


async def test_a_token_that_is_refused_leaves_it_to_the_plain_protocol() -> None:
    """Which says what is wrong, or lets everybody in."""
    fake = FakeGitLab({"shop/api": many(2)}, secret_required=True)
    async with fake.running(credential=Credential.basic("robot", "wrong")) as running:
        tags = await running.provider.list_tags("shop/api")

    assert tags.names == ("v0", "v1")
    assert running.plain.asked == ["shop/api"]


async def test_repositories_come_from_the_registry_where_it_tells() -> None:
    """All below the path, the path itself included."""
    fake = FakeGitLab({"shop/app": many(1), "shop/app/api": many(1), "shop/application": many(1)})
    async with fake.running(project="shop/app") as running:
        catalog = await running.provider.list_repositories()

    assert catalog.names == ("shop/app", "shop/app/api")
    assert len(running.server.seen) == 1


async def test_repositories_come_from_gitlab_where_the_registry_does_not_tell() -> None:
    """Of a group or a project, with the token shown to GitLab."""
    for kind in ("groups", "projects"):
        fake = FakeGitLab({"shop/app/api": many(1)}, below=False, kind=kind)
        async with fake.running(project="shop/app", credential=ROBOT) as running:
            catalog = await running.provider.list_repositories()

        assert catalog.names == ("shop/app/api",), kind
        assert running.provider.answers_by_api
        assert running.server.seen[-1].target.startswith(f"/api/v4/{kind}/shop%2Fapp/registry/repositories")
        assert running.server.seen[-1].headers["authorization"] == f"Bearer {PASSWORD}"


async def test_without_a_project_the_catalogue_is_asked() -> None:
    """GitLab lists from somewhere, or not at all."""
    fake = FakeGitLab({"shop/api": many(1)})
    async with fake.running() as running:
        assert (await running.provider.list_repositories()).names == ("shop/api",)

    assert running.plain.asked == ["catalog"]


def test_gitlab_is_the_other_host_that_the_secret_names() -> None:
    """Patterns are no hosts, and the registry is not GitLab itself."""
    http = HttpClient()
    session = RegistrySession("https://registry.example.com", http)
    access = Access(session, direct(http), PlainRegistry(FakeGitLab()))
    hosts = ("registry.example.com", "registry.example.com:443", "*.example.com", "gitlab.example.com")

    assert _gitlab_named_by(Credential.basic("a", "b", hosts), access) == "https://gitlab.example.com"
    assert _gitlab_named_by(Credential.basic("a", "b", hosts[:3]), access) is None
    assert _gitlab_named_by(ANONYMOUS, access) is None
