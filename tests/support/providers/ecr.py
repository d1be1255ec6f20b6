"""Amazon ECR's API (https://docs.aws.amazon.com/AmazonECR/latest/APIReference/).

Oddities: every call is a POST to `/`, told apart by X-Amz-Target; refusals have status 400 and a `__type`;
times are seconds with fractions; images have all their tags together, and come in no order.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from typing_extensions import override

from slipway.http import origin_of
from slipway.oci.exchange.aws_keys import FixedKeys
from slipway.oci.exchange.ecr import EcrApi, EcrCredential, EcrHost
from slipway.oci.exchange.sigv4 import AwsKeys, SigningScope, sign
from slipway.oci.providers.access import Access
from slipway.oci.providers.ecr import ECR
from tests.support.providers.fake import PASSWORD, FakeVendor, json_reply
from tests.support.raw_server import Reply, Seen

__all__ = ["ACCOUNT", "KEYS", "REGION", "FakeEcr", "aws_refusal", "is_signed"]

ACCOUNT: Final = "123456789012"
REGION: Final = "eu-central-1"
KEYS: Final = AwsKeys("AKIDEXAMPLE", PASSWORD)


def aws_refusal(code: str, message: str = "", status: int = 400) -> Reply:
    """A refusal, as APIs with JSON 1.1 answer."""
    body = {"__type": f"com.amazonaws.ecr#{code}", "message": message}
    content_type = ("Content-Type", "application/x-amz-json-1.1")
    return Reply(status, json.dumps(body).encode(), (content_type,))


def is_signed(seen: Seen, keys: AwsKeys, url: str, service: str = "ecr") -> bool:
    """Whether the signature is that of the keys, over what has arrived."""
    shown = seen.headers.get("authorization", "")
    names = shown.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    made = {"host", "x-amz-date", "x-amz-security-token"}
    moment = datetime.fromisoformat(seen.headers.get("x-amz-date", "19700101T000000Z"))
    expected = sign(
        seen.method,
        url,
        headers={name: seen.headers[name] for name in names if name and name not in made},
        body=seen.body,
        keys=keys,
        scope=SigningScope(REGION, service),
        now=moment,
    )
    return {"host", "x-amz-target"} <= set(names) and shown == expected["Authorization"]


@dataclass
class FakeEcr(FakeVendor):
    settings: dict[str, Any] = field(default_factory=dict)
    """Of every repository, beside its name."""

    settings_denied: bool = False

    @override
    def product(self, access: Access, url: str) -> ECR:
        if access.session.origin != origin_of(url):
            return ECR(access)  # keys are made into a credential only for hosts that are Amazon's
        host = EcrHost(ACCOUNT, REGION, f"{url}/")
        api = EcrApi(host, FixedKeys(KEYS), access.session._http, access.clock)
        return ECR(replace(access, credentials=EcrCredential(api, access.clock)))

    @override
    def authorized(self, seen: Seen) -> bool:
        return is_signed(seen, KEYS, f"{self.url}/")

    @override
    def is_listing(self, seen: Seen) -> bool:
        return ".Describe" in seen.headers.get("x-amz-target", "")

    @override
    def answer(self, path: str, query: dict[str, str], seen: Seen) -> Reply | None:
        asked = json.loads(seen.body)
        assert asked["registryId"] == ACCOUNT
        if seen.headers["x-amz-target"].endswith(".DescribeImages"):
            return self._images(asked)
        return self._repositories(asked)

    def _images(self, asked: dict[str, Any]) -> Reply:
        tags = self.repositories.get(asked["repositoryName"])
        if tags is None:
            name = asked["repositoryName"]
            message = f"The repository with name '{name}' does not exist in the registry with id '{ACCOUNT}'"
            return aws_refusal("RepositoryNotFoundException", message)
        assert asked["filter"] == {"tagStatus": "TAGGED"}
        images: dict[str, dict[str, Any]] = {}
        for tag in tags:
            fresh = {
                "registryId": ACCOUNT,
                "repositoryName": asked["repositoryName"],
                "imageDigest": tag.stored_digest,
                "imageTags": [],
                "imageSizeInBytes": 1024,
                "imagePushedAt": tag.pushed.timestamp() + 0.123,
                "imageManifestMediaType": "application/vnd.oci.image.index.v1+json",
            }
            images.setdefault(tag.stored_digest, fresh)["imageTags"].append(tag.name)
        return self._page("imageDetails", sorted(images.values(), key=lambda one: one["imageDigest"]), asked)

    def _repositories(self, asked: dict[str, Any]) -> Reply:
        named = asked.get("repositoryNames")
        if named and self.settings_denied:
            return aws_refusal("AccessDeniedException", "not authorized to perform: ecr:DescribeRepositories")
        entries = [
            {
                "repositoryArn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}",
                "registryId": ACCOUNT,
                "repositoryName": name,
                "repositoryUri": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}",
                "createdAt": 1_767_225_600.0,
                "imageTagMutability": "MUTABLE",
                **self.settings,
            }
            for name in self.repositories
            if not named or name in named
        ]
        return self._page("repositories", entries, asked)

    def _page(self, name: str, entries: list[dict[str, Any]], asked: dict[str, Any]) -> Reply:
        length = min(asked.get("maxResults", 100), self.page_size or 1000)
        start = int(asked.get("nextToken", "0"))
        following = {"nextToken": str(start + length)} if start + length < len(entries) else {}
        return json_reply({name: entries[start : start + length], **following})
