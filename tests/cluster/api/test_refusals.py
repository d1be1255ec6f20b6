"""Manifests that the API server refuses, each with a message that names the field and says what to write."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import pytest

from dev.api import ApiError, resource_path
from dev.cluster import Cluster
from slipway.api.crd import KINDS
from slipway.api.declaration import GROUP, VERSION

pytestmark = pytest.mark.usefixtures("crds")

PLURALS: Final = {kind.__name__: kind.declaration.plural for kind in KINDS}

IMAGE: Final = "subscriptions/0/image"

GOOD: Final[Mapping[str, Mapping[str, Any]]] = {
    "Registry": {"url": "https://registry.example.com"},
    "Warehouse": {
        "subscriptions": [
            {
                "name": "app",
                "type": "Image",
                "image": {
                    "repository": "registry.example.com/shop/api",
                    "policy": {"type": "Semver", "semver": {"range": "^1"}},
                },
            }
        ]
    },
    "ManagedImage": {
        "image": {"repository": "registry.example.com/shop/api", "tag": "1.4.0-{build}"},
        "bases": [{"reference": "registry.example.com/base/runtime:stable"}],
        "build": {"type": "None", "baseChange": "Rebase", "rebase": {"from": {"tag": "1.4.0"}}},
    },
    "Deployment": {"image": {"type": "Reference", "reference": "registry.example.com/shop/api:1.4.0"}},
}
"""One manifest per kind that is taken; each case below spoils one field of it."""


APP: Final = GOOD["Warehouse"]["subscriptions"][0]

BASES: Final = GOOD["ManagedImage"]["bases"]

SUBSCRIPTION: Final = "subscriptions"

SEVENTEEN: Final = [{**APP, "name": f"app{number}"} for number in range(17)]


def git(**fields: str) -> list[dict[str, Any]]:
    """A git subscription with some of its fields changed."""
    return [{"name": "app", "type": "Git", "git": {"url": "https://git.example.com/shop/api", **fields}}]


def chart(**fields: str) -> list[dict[str, Any]]:
    """A chart subscription with some of its fields changed."""
    return [{"name": "app", "type": "Chart", "chart": {"url": "oci://r.example.com/charts/api", **fields}}]


def built_by(kind: str, **members: Any) -> dict[str, Any]:
    """A build of this type with these members."""
    return {"type": kind, **members}


WORKFLOW: Final[Mapping[str, Any]] = {
    "owner": "shop",
    "repository": "api",
    "workflow": "image.yml",
    "secretRef": {"name": "ci"},
}


def github(**fields: Any) -> dict[str, Any]:
    """A build by GitHub with some of its fields changed."""
    return built_by("GitHub", github={**WORKFLOW, **fields})


class Absent:
    """The value of a field that is taken away."""


class Bad(NamedTuple):
    """One spoiled field and the refusal."""

    kind: str
    field: str
    """Path from spec, with slashes."""
    value: Any
    where: str
    """The field as the message names it."""
    what: str
    """The part of the message that says what to write."""


HTTPS = "write https:// or http://, the host and at most a port"
DURATION = "write a duration as numbers with the units ms, s, m or h, such as 90s, 5m or 1h30m"
REPOSITORY = "write host and path in lower case, without scheme, tag and digest"
PATTERN = "write a regular expression in RE2 syntax"
TAG = "write a tag with {build} in it exactly once, such as 1.4.0-{build}"
AMOUNT = "write an amount with at most a unit behind it, such as 2, 500m or 128Mi"
SHA256 = "sha256:" + "a" * 64

CASES: Final = (
    Bad("Registry", "url", Absent, "spec", "url is missing: write https:// and the host of the registry"),
    Bad("Registry", "url", "registry.example.com", "spec.url", HTTPS),
    Bad("Registry", "url", "https://registry.example.com/v2/", "spec.url", "a path belongs into project"),
    Bad("Registry", "url", "https://me:secret@registry.example.com", "spec.url", "name it in secretRef"),
    Bad("Registry", "type", "Harbour", "spec.type", 'supported values: "Generic", "DockerHub"'),
    Bad(
        "Registry",
        "limits",
        {"requestsPerSecond": 0},
        "limits.requestsPerSecond",
        "greater than or equal to 1",
    ),
    Bad(
        "Registry",
        "limits",
        {"pullBudgetPercent": 101},
        "limits.pullBudgetPercent",
        "less than or equal to 100",
    ),
    Bad("Registry", "tls/verify", "none", "spec.tls.verify", 'supported values: "Full", "None"'),
    Bad("Registry", "interval", "10 minutes", "spec.interval", DURATION),
    Bad("Registry", "interval", "0s", "spec.interval", "write a duration from 1s to 8760h"),
    Bad("Registry", "timeout", "999ms", "spec.timeout", "write a duration from 1s to 8760h"),
    Bad("Registry", "interval", "8760h1s", "spec.interval", "write a duration from 1s to 8760h"),
    Bad("Registry", "timeout", 30, "spec.timeout", "must be of type string"),
    Bad("Registry", "project", "/Shop/", "spec.project", "without slashes around, such as shop"),
    Bad("Registry", "secretRef/name", "My Secret", "spec.secretRef.name", "write the name of an object"),
    Bad("Registry", "secretRef/namespace", "other", "spec.secretRef.namespace", "unknown field"),
    Bad("Registry", "sercetRef", {"name": "x"}, "spec.sercetRef", "unknown field"),
    Bad("Warehouse", "subscriptions", [], "spec.subscriptions", "should have at least 1 items"),
    Bad("Warehouse", "subscriptions/0/name", "My App", "spec.subscriptions[0].name", "at most 63 lower-case"),
    Bad("Warehouse", "subscriptions/0/type", "Git", "spec.subscriptions[0]", "set git when type is Git"),
    Bad(
        "Warehouse", "subscriptions/0/type", "Svn", "subscriptions[0].type", 'values: "Image", "Git", "Chart"'
    ),
    Bad("Warehouse", "subscriptions", [APP] * 2, "spec.subscriptions[1]", "Duplicate value"),
    Bad("Warehouse", "subscriptions", SEVENTEEN, "spec.subscriptions", "must have at most 16 items"),
    Bad("Warehouse", "minimumAge", "a day", "spec.minimumAge", DURATION),
    Bad("Warehouse", IMAGE, Absent, "spec.subscriptions[0]", "set image when type is Image"),
    Bad("Warehouse", f"{IMAGE}/repository", "https://r.example.com/a", "image.repository", REPOSITORY),
    Bad("Warehouse", f"{IMAGE}/repository", "r.example.com/a:1.4", "image.repository", REPOSITORY),
    Bad("Warehouse", f"{IMAGE}/policy/type", "Latest", "policy.type", 'values: "Semver", "Newest", "Digest"'),
    Bad("Warehouse", f"{IMAGE}/policy/newest", {}, "image.policy", "goes with type Newest only"),
    Bad(
        "Warehouse",
        f"{IMAGE}/policy/numerical",
        {"order": "Up"},
        "numerical.order",
        '"Ascending", "Descending"',
    ),
    Bad("Warehouse", f"{IMAGE}/platforms", ["amd64"], "platforms[0]", "such as linux/amd64"),
    Bad("Warehouse", f"{IMAGE}/limit", 101, "image.limit", "less than or equal to 100"),
    Bad("Warehouse", f"{IMAGE}/tags", {"extract": "$1"}, "image.tags", "add an include pattern with a group"),
    Bad("Warehouse", SUBSCRIPTION, git(url="file:///etc"), "git.url", "write https://host/path, ssh://"),
    Bad(
        "Warehouse",
        SUBSCRIPTION,
        git(url="https://me:secret@h/x"),
        "git.url",
        "put passwords into the Secret",
    ),
    Bad("Warehouse", SUBSCRIPTION, git(url="ext::sh -c id"), "git.url", "write https://host/path, ssh://"),
    Bad("Warehouse", SUBSCRIPTION, git(url="ext::id"), "git.url", "write https://host/path, ssh://"),
    Bad("Warehouse", SUBSCRIPTION, git(url="-oProxyCommand=x"), "git.url", "write https://host/path, ssh://"),
    Bad("Warehouse", SUBSCRIPTION, git(branch="--upload-pack=x"), "git.branch", "write the name of a branch"),
    Bad(
        "Warehouse", SUBSCRIPTION, git(branch="main", tag="v1"), "subscriptions[0].git", "exclude each other"
    ),
    Bad("Warehouse", SUBSCRIPTION, chart(url="https://c.example.com"), "chart", "set it to the chart's name"),
    Bad(
        "Warehouse", SUBSCRIPTION, chart(url="ftp://c.example.com"), "chart.url", "oci://registry/path/of/the"
    ),
    Bad("Warehouse", SUBSCRIPTION, chart(name="api"), "chart", "leave it out with oci://"),
    Bad("Warehouse", f"{IMAGE}/policy/type", "Digest", "image.policy", "set digest when type is Digest"),
    Bad("Warehouse", f"{IMAGE}/policy/digest", {"tag": "x"}, "image.policy", "and remove it otherwise"),
    Bad("Warehouse", f"{IMAGE}/policy/semver/range", "1 % 2", "semver.range", "write a range of versions"),
    Bad("Warehouse", f"{IMAGE}/tags/include", ["("], "tags.include[0]", "missing closing ): `(`"),
    Bad("Warehouse", f"{IMAGE}/tags/include", ["(?=x)"], "tags.include[0]", PATTERN),
    Bad("Warehouse", f"{IMAGE}/tags/exclude", ["ok", "[z-a]"], "tags.exclude[1]", PATTERN),
    Bad("Warehouse", f"{IMAGE}/tags/exclude", ["x"] * 17, "tags.exclude", "must have at most 16 items"),
    Bad("ManagedImage", "image/tag", "1.4.0", "spec", "role Managed needs {build} in image.tag"),
    Bad("ManagedImage", "role", "Foreign", "spec.role", 'supported values: "Managed", "Base", "External"'),
    Bad("ManagedImage", "role", "Base", "spec", "nothing tells which tag to track: write it into image.tag"),
    Bad("ManagedImage", "build", Absent, "spec", "role Managed needs build"),
    Bad("ManagedImage", "image/tag", "{build}-{build}", "spec.image.tag", TAG),
    Bad("ManagedImage", "image/tag", "1.4.0-{number}", "spec.image.tag", TAG),
    Bad("ManagedImage", "image/tag", "{date}", "spec.image.tag", TAG),
    Bad("ManagedImage", "image/tag", "{date}{date}{build}", "spec.image.tag", "{version} at most once"),
    Bad("ManagedImage", "image/tag", "x" * 104 + "{date}{build}", "spec.image.tag", "a date 8, a commit 12"),
    Bad("ManagedImage", "image/tag", "{commit}-{build}", "spec", "{commit} in image.tag needs source"),
    Bad("ManagedImage", "image/floatingTags", ["1.4.0"], "spec", "remove it from image.floatingTags"),
    Bad(
        "ManagedImage", "image/floatingTags", ["-x"], "spec.image.floatingTags[0]", "write a tag: at most 128"
    ),
    Bad("ManagedImage", "image/floatingTags", ["x", "x"], "spec.image.floatingTags[1]", "Duplicate value"),
    Bad("ManagedImage", "bases", BASES * 2, "spec", "write one entry of bases, or none where labels"),
    Bad("ManagedImage", "bases", BASES * 17, "spec.bases", "must have at most 16 items"),
    Bad(
        "ManagedImage", "bases/0/reference", Absent, "spec.bases[0]", "exactly one of reference and warehouse"
    ),
    Bad(
        "ManagedImage",
        "bases/0/warehouse",
        {"name": "base", "subscription": "image"},
        "spec.bases[0]",
        "write exactly one of reference and warehouse",
    ),
    Bad(
        "ManagedImage",
        "bases/0/reference",
        f"registry.example.com/base@{SHA256}",
        "spec.bases[0]",
        "write repository:tag without the digest",
    ),
    Bad("ManagedImage", "build/type", "Jobs", "spec.build.type", 'supported values: "None", "Job", "GitHub"'),
    Bad("ManagedImage", "build", built_by("GitHub"), "spec.build", "set github when type is GitHub"),
    Bad("ManagedImage", "build", built_by("GitLab"), "spec.build", "set gitlab when type is GitLab"),
    Bad("ManagedImage", "build", built_by("Gitea", gitea=WORKFLOW), "spec.build.gitea.url", "Required value"),
    Bad("ManagedImage", "build", built_by("Webhook"), "spec.build", "set webhook when type is Webhook"),
    Bad("ManagedImage", "build", {**github(), "job": {}}, "spec.build", "remove job or change type"),
    Bad(
        "ManagedImage",
        "build",
        github(owner="shop/api"),
        "github.owner",
        "the repository goes into repository",
    ),
    Bad(
        "ManagedImage",
        "build",
        github(repository="shop/api"),
        "github.repository",
        "its owner goes into owner",
    ),
    Bad(
        "ManagedImage",
        "build",
        github(workflow=".github/workflows/image.yml"),
        "github.workflow",
        "image.yml",
    ),
    Bad("ManagedImage", "build", github(ref="refs heads"), "github.ref", "without refs/heads/"),
    Bad("ManagedImage", "build", github(url="https://me:pw@h"), "github.url", "without a user name"),
    Bad("ManagedImage", "build", github(secretRef=None), "github.secretRef", "Required value"),
    Bad("ManagedImage", "build", github(inputs={"a b": ""}), "github.inputs", "letters, digits, _ and -"),
    Bad("ManagedImage", "build", github(inputs={"Slipway_key": ""}), "github.inputs", "Slipway's own"),
    Bad("ManagedImage", "build", github(inputs={"a": "x" * 1025}), "github.inputs.a", "Too long"),
    Bad(
        "ManagedImage",
        "build",
        github(inputs={f"a{number}": "" for number in range(19)}),
        "github.inputs",
        "must have at most 18 items",
    ),
    Bad("ManagedImage", "build/rebase", Absent, "spec.build", "type None needs rebase.from.tag"),
    Bad("ManagedImage", "build/history/failed", 0, "spec.build.history.failed", "greater than or equal to 1"),
    Bad("ManagedImage", "rebuild/policy", "automatic", "policy", 'supported values: "Automatic", "Manual"'),
    Bad("Deployment", "image", Absent, "spec.image", "Required value"),
    Bad(
        "Deployment",
        "image/type",
        "Tag",
        "spec.image.type",
        'values: "Reference", "ManagedImage", "Warehouse"',
    ),
    Bad("Deployment", "image/type", "Warehouse", "spec.image", "set warehouse when type is Warehouse"),
    Bad("Deployment", "image/managedImage", {"name": "x"}, "spec.image", "and remove it otherwise"),
    Bad(
        "Deployment", "image/reference", "https://r.example.com/a", "spec.image.reference", "without a scheme"
    ),
    Bad("Deployment", "replicas", -1, "spec.replicas", "greater than or equal to 0"),
    Bad("Deployment", "replicas", "3", "spec.replicas", "must be of type integer"),
    Bad("Deployment", "ports", [{"name": "HTTP", "containerPort": 80}], "ports[0].name", "such as http"),
    Bad(
        "Deployment",
        "ports",
        [{"name": "http", "containerPort": 0}],
        "containerPort",
        "greater than or equal to 1",
    ),
    Bad(
        "Deployment",
        "ports",
        [{"name": "a", "containerPort": 80}, {"name": "b", "containerPort": 8080, "servicePort": 80}],
        "ports",
        "give each a servicePort of its own",
    ),
    Bad("Deployment", "resources/limits", {"cpu": "a lot"}, "spec.resources.limits.cpu", AMOUNT),
    Bad("Deployment", "resources/limits", {"cpus": 1}, "spec.resources.limits", "write cpu, memory"),
    Bad(
        "Deployment",
        "resources",
        {"requests": {"memory": "1Gi"}, "limits": {"memory": "500Mi"}},
        "spec.resources",
        "lower requests, or raise limits",
    ),
    Bad("Deployment", "strategy/type", "Canary", "spec.strategy.type", 'supported values: "Rolling"'),
    Bad(
        "Deployment",
        "strategy/rolling/maxSurge",
        "120%",
        "rolling.maxSurge",
        'a percentage from "0%" to "100%"',
    ),
    Bad(
        "Deployment",
        "strategy/rolling/maxSurge",
        "25",
        "rolling.maxSurge",
        "write a number of pods without quotes",
    ),
    Bad("Deployment", "strategy/rolling", {"maxSurge": 0}, "spec.strategy.rolling", "raise one of them"),
    Bad("Deployment", "progressDeadline", "soon", "spec.progressDeadline", DURATION),
    Bad("Deployment", "rollbackTo", {"reason": "x"}, "spec.rollbackTo.revision", "Required value"),
    Bad("Deployment", "acceptDigests", ["latest"], "spec.acceptDigests[0]", "write a whole digest"),
    Bad("Deployment", "revisionHistoryLimit", 0, "spec.revisionHistoryLimit", "greater than or equal to 1"),
)


def spoiled(spec: Mapping[str, Any], field: str, value: Any) -> Mapping[str, Any]:
    """A copy of the spec with one field set or taken away."""
    copied = copy.deepcopy(spec)
    *path, last = field.split("/")
    at: Any = copied
    for part in path:
        at = at[int(part)] if part.isdigit() else at.setdefault(part, {})
    if value is Absent:
        del at[last]
    else:
        at[last] = value
    return copied


def try_to_create(cluster: Cluster, kind: str, spec: Mapping[str, Any], name: str = "spoiled") -> None:
    """Ask the API server to judge an object as `kubectl create --dry-run=server` does.

    Raises:
        ApiError: it was refused.
    """
    body = {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": kind,
        "metadata": {"name": name, "namespace": "default"},
        "spec": spec,
    }
    path = resource_path(f"{GROUP}/{VERSION}", PLURALS[kind], "default")
    cluster.api.request("POST", path, query={"dryRun": "All", "fieldValidation": "Strict"}, body=body)


@pytest.mark.parametrize("kind", GOOD)
def test_the_unspoiled_manifest_is_taken(cluster: Cluster, kind: str) -> None:
    """So that each refusal below comes from the one field that was spoiled."""
    try_to_create(cluster, kind, GOOD[kind])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}.{case.field}={str(case.value)[:30]}")
def test_a_bad_field_is_refused_with_the_fix(cluster: Cluster, case: Bad) -> None:
    """The refusal names the field and says what to write instead.

    Abuse cases among them: 19 and 20 (urls), 24 (a namespace in a reference), 33 (patterns), 35 (git urls).
    """
    with pytest.raises(ApiError) as refusal:
        try_to_create(cluster, case.kind, spoiled(GOOD[case.kind], case.field, case.value))
    assert refusal.value.status in {400, 422}
    assert case.where in refusal.value.message
    assert case.what in refusal.value.message


@pytest.mark.parametrize("name", ["1api", "api.v2", "a" * 64])
def test_a_deployment_has_the_name_of_a_service(cluster: Cluster, name: str) -> None:
    """Found out when the manifest is applied, not when the Service cannot be made."""
    with pytest.raises(ApiError, match=r"metadata.name becomes the name of a Service: write at most 63"):
        try_to_create(cluster, "Deployment", GOOD["Deployment"], name)


def test_a_forbidden_client_certificate_over_http_is_explained(cluster: Cluster) -> None:
    """Certificates mean nothing to a URL without TLS, and the message says which field to change."""
    spec = {"url": "http://registry.example.com", "certSecretRef": {"name": "acme-ca"}}
    with pytest.raises(ApiError, match="certSecretRef needs an https:// url: change url to https://"):
        try_to_create(cluster, "Registry", spec)


def test_tags_with_a_digest_policy_are_explained(cluster: Cluster) -> None:
    """A filter that would do nothing is refused instead of passed over."""
    digest = spoiled(GOOD["Warehouse"], f"{IMAGE}/policy", {"type": "Digest", "digest": {"tag": "stable"}})
    try_to_create(cluster, "Warehouse", digest)
    with pytest.raises(ApiError, match=r"remove tags, or choose another policy.type"):
        try_to_create(cluster, "Warehouse", spoiled(digest, f"{IMAGE}/tags", {"include": ["x"]}))


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example.com/shop/api.git",
        "https://git.example.com:8443/~team/api",
        "https://[2001:db8::1]/shop/api",
        "ssh://git@git.example.com:2222/shop/api.git",
        "git@git.example.com:shop/api.git",
        "git@my_host:/srv/git/api.git",
        "git.example.com:shop/api.git",
    ],
)
def test_the_usual_addresses_of_git_repositories_are_taken(cluster: Cluster, url: str) -> None:
    """As git itself writes them."""
    try_to_create(cluster, "Warehouse", {"subscriptions": git(url=url)})


def test_several_subscriptions_of_every_type_are_taken(cluster: Cluster) -> None:
    """What one Warehouse watches together becomes one release."""
    other = {**chart()[0], "name": "chart"}
    try_to_create(cluster, "Warehouse", {"subscriptions": [APP, {**git()[0], "name": "source"}, other]})


def test_a_tag_takes_its_version_from_the_source_build(cluster: Cluster) -> None:
    """Only a rebase of another's builds has one, and the tag must have room for it."""
    versioned = spoiled(GOOD["ManagedImage"], "image/tag", "{version}-{date}.{build}")
    try_to_create(cluster, "ManagedImage", spoiled(versioned, "build/rebase/from/tag", "x" * 100))
    with pytest.raises(ApiError, match="could have more than 128 characters: shorten one of them"):
        try_to_create(cluster, "ManagedImage", spoiled(versioned, "build/rebase/from/tag", "x" * 101))
    with pytest.raises(ApiError, match=r"which only build\.type None has: write the version itself"):
        try_to_create(cluster, "ManagedImage", spoiled(versioned, "build", github()))


def test_a_tag_takes_the_commit_of_its_source(cluster: Cluster) -> None:
    """Where there is a source, there is a commit."""
    dated = spoiled(GOOD["ManagedImage"], "image/tag", "{date}-{commit}-{build}")
    from_source = spoiled(dated, "source", {"git": {"url": "https://git.example.com/shop/api"}})
    try_to_create(cluster, "ManagedImage", spoiled(from_source, "build", {"type": "Job"}))
