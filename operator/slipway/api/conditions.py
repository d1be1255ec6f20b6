"""Conditions: their types, every reason Slipway gives, and the value they are read into.

The form is `metav1.Condition` of Kubernetes. `Ready` is always present; `Reconciling` and `Stalled` follow
kstatus (https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus): present only while true and
never both.
"""

# ruff: noqa: S105 - reasons that have the word Secret in their names are no secrets

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias, cast

from slipway.api.lengths import shortened
from slipway.clock import format_time, parse_time

__all__ = [
    "BASES_DISPUTED",
    "HELD",
    "MESSAGE_LIMIT",
    "READY",
    "RECONCILING",
    "STALLED",
    "THROTTLED",
    "Condition",
    "ConditionStatus",
    "Reason",
    "short_message",
]

READY: Final = "Ready"
"""True when the object is what its spec wishes; always present."""

RECONCILING: Final = "Reconciling"
"""Present and True only while Slipway works on the object or waits for something that comes by itself."""

STALLED: Final = "Stalled"
"""Present and True only while nothing will change until a person acts."""

HELD: Final = "Held"
"""Present and True only while a Deployment keeps a revision although a newer one is offered."""

BASES_DISPUTED: Final = "BasesDisputed"
"""Present and True only while the newest image tells of other bases than its Dockerfile."""

THROTTLED: Final = "Throttled"
"""Present and True only while something is looked at more rarely than its interval says."""

MESSAGE_LIMIT: Final = 2048
"""Characters a condition's message has at most; longer ones are cut."""

ConditionStatus: TypeAlias = Literal["True", "False", "Unknown"]

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of one object, as `metav1.Condition` has it."""

    type: str
    status: ConditionStatus
    reason: str
    message: str
    observed_generation: int
    last_transition_time: datetime

    def to_json(self) -> dict[str, Any]:
        """The camelCase form that stands in `status.conditions`."""
        return {
            "type": self.type,
            "status": self.status,
            "observedGeneration": self.observed_generation,
            "lastTransitionTime": format_time(self.last_transition_time),
            "reason": self.reason,
            "message": self.message,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Condition:
        """The condition a live object carries; what is missing or unreadable in it becomes the blank value.

        Nothing here may stop a reconcile: a condition that somebody damaged is simply replaced by the next
        write, so it is read leniently and never raises for a mapping.
        """
        status = body.get("status")
        return cls(
            type=str(body.get("type", "")),
            status=cast("ConditionStatus", status if status in {"True", "False"} else "Unknown"),
            reason=str(body.get("reason", "")),
            message=str(body.get("message", "")),
            observed_generation=_whole_number(body.get("observedGeneration")),
            last_transition_time=_moment(body.get("lastTransitionTime")),
        )


def short_message(message: str) -> str:
    """A message as long as a condition takes it; what is cut off is marked."""
    return shortened(message, MESSAGE_LIMIT)


def _whole_number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _moment(value: object) -> datetime:
    try:
        return parse_time(str(value))
    except (ValueError, OverflowError):
        return _NEVER


class Reason:
    """Every reason a condition or an Event of Slipway has, each with when it occurs."""

    # --- any kind
    SUSPENDED: Final = "Suspended"  # spec.suspend is true: nothing is done until it is false again
    INVALID_SPEC: Final = "InvalidSpec"  # the schema let through a value that cannot work
    NAME_CONFLICT: Final = "NameConflict"  # an object of somebody else has the name a child needs
    RECONCILE_FAILED: Final = "ReconcileFailed"  # an error nobody foresaw; tried again with growing pauses
    KUBERNETES_REFUSED: Final = "KubernetesRefused"  # the API server refused a write: quota, admission, RBAC
    KUBERNETES_UNAVAILABLE: Final = "KubernetesUnavailable"  # the API server failed or did not answer
    INVALID_REQUEST: Final = "InvalidRequest"  # event: a request annotation is malformed, or too far ahead

    # --- Secrets and egress, wherever an object names them
    SECRET_NOT_FOUND: Final = "SecretNotFound"  # what names a Secret names none that there is
    SECRET_FORBIDDEN: Final = "SecretForbidden"  # the operator may not read a Secret that an object names
    CREDENTIAL_INVALID: Final = "CredentialInvalid"  # the Secret is of a refused type or lacks a key
    CERTIFICATE_UNUSABLE: Final = "CertificateUnusable"  # certificates or key of a Secret cannot be read
    CREDENTIAL_NOT_BOUND: Final = "CredentialNotBound"  # the Secret does not name the host it would go to
    EGRESS_DENIED: Final = "EgressDenied"  # the operator's egress policy does not allow the address

    # --- talking to a registry (Registry, and whoever uses one)
    CONNECTED: Final = "Connected"  # the registry answered as one and took the credential
    REGISTRY_UNREACHABLE: Final = "RegistryUnreachable"  # no address, no connection, or one that broke
    TIMEOUT: Final = "Timeout"  # no whole answer within spec.timeout
    CERTIFICATE_INVALID: Final = "CertificateInvalid"  # TLS failed: unknown authority, wrong name, expired
    AUTHENTICATION_FAILED: Final = "AuthenticationFailed"  # 401: the credential is wrong or missing
    ACCESS_DENIED: Final = "AccessDenied"  # 403: known, but not allowed to do this
    NOT_A_REGISTRY: Final = "NotARegistry"  # something answered, but not as a registry does
    RATE_LIMITED: Final = "RateLimited"  # 429: asked again when the registry says so
    REGISTRY_FAILING: Final = "RegistryFailing"  # the registry answered with 5xx
    INVALID_RESPONSE: Final = "InvalidResponse"  # an answer or redirect that breaks the protocol
    CONTENT_TOO_LARGE: Final = "ContentTooLarge"  # an answer has more bytes than are ever needed
    LISTING_INCOMPLETE: Final = "ListingIncomplete"  # the tags could not all be read: nothing is chosen
    DIGEST_MISMATCH: Final = "DigestMismatch"  # content does not hash to the digest it was asked by
    CATALOG_UNAVAILABLE: Final = "CatalogUnavailable"  # the registry does not list its repositories at all
    REPOSITORY_NOT_FOUND: Final = "RepositoryNotFound"  # the registry has no such repository, or hides it
    MANIFEST_NOT_FOUND: Final = "ManifestNotFound"  # the repository has no such tag or digest
    BLOB_NOT_FOUND: Final = "BlobNotFound"  # a manifest names a layer or config that the registry lacks
    PLATFORM_NOT_FOUND: Final = "PlatformNotFound"  # an index has no image for the platform
    UNSUPPORTED_MANIFEST: Final = "UnsupportedManifest"  # a manifest of a media type Slipway does not handle
    UPLOAD_REJECTED: Final = "UploadRejected"  # the registry did not take a blob or a manifest
    INVALID_REFERENCE: Final = "InvalidReference"  # a text that is no image reference

    PULL_SECRET_UPDATED: Final = "PullSecretUpdated"  # event: the Secret NAME-pull was written or removed

    # --- git: talking to a git host
    GIT_HOST_UNREACHABLE: Final = "GitHostUnreachable"  # no address, no connection, or one that broke
    GIT_HOST_FAILING: Final = "GitHostFailing"  # the git host answered with 5xx
    HOST_KEY_UNKNOWN: Final = "HostKeyUnknown"  # known_hosts of the Secret lacks the key that the host shows
    NOT_A_GIT_REPOSITORY: Final = "NotAGitRepository"  # something answered, but not as a git host does
    REDIRECTED: Final = "Redirected"  # the git host sends elsewhere, which is not followed: change the url
    REF_NOT_FOUND: Final = "RefNotFound"  # the repository has no such branch or tag, or no commit at all
    COMMIT_NOT_FOUND: Final = "CommitNotFound"  # the commit is gone: a force-push came in between
    FILE_MISSING: Final = "FileMissing"  # the commit has no file at the path: correct it, or commit the file
    NOT_A_FILE: Final = "NotAFile"  # the path is a directory, link, submodule or Git LFS: name a plain file
    INVALID_PATH: Final = "InvalidPath"  # a text that is no path of a file in a repository
    INVALID_URL: Final = "InvalidUrl"  # a text that is no URL of a git repository
    PROGRAM_MISSING: Final = "ProgramMissing"  # the operator's image lacks git or ssh, or has one too old

    # --- which Registry stands for a host
    REGISTRY_NOT_FOUND: Final = "RegistryNotFound"  # registryRef names no Registry of the namespace
    REGISTRY_NOT_READY: Final = "RegistryNotReady"  # the Registry is in Error, and this reference never ran
    AMBIGUOUS_REGISTRY: Final = "AmbiguousRegistry"  # several Registries match a host equally well

    # --- Warehouse
    ARTIFACTS_FOUND: Final = "ArtifactsFound"  # each subscription has the artifact its policy chose
    NO_TAGS: Final = "NoTags"  # the repository is there and has no tag at all
    NO_TAG_MATCHES: Final = "NoTagMatches"  # there are tags, and the filters or the policy reject them all
    TAG_NOT_FOUND: Final = "TagNotFound"  # policy Digest: the tag it follows does not exist
    TAG_DELETED: Final = "TagDeleted"  # what was chosen has gone, and there is nothing newer
    TOO_MANY_TAGS: Final = "TooManyTags"  # policy Newest: each tag would have to be asked for its time
    CHART_NOT_FOUND: Final = "ChartNotFound"  # the index of the chart repository has no such chart
    INVALID_RANGE: Final = "InvalidRange"  # a semver range that cannot be read
    INVALID_PATTERN: Final = "InvalidPattern"  # a regular expression that RE2 does not accept
    QUOTA_LOW: Final = "QuotaLow"  # of Throttled: a registry's quota is nearly used up
    INTERVAL_TOO_SHORT: Final = "IntervalTooShort"  # event: the operator's minimumInterval was used instead
    ARTIFACT_CHANGED: Final = "ArtifactChanged"  # event: a subscription chose another artifact
    TAG_MUTATED: Final = "TagMutated"  # event: a version names another digest or commit than before

    # --- ManagedImage
    DOCKERFILE_UNREADABLE: Final = "DockerfileUnreadable"  # the Dockerfile cannot be analysed
    BUILDER_NOT_CONFIGURED: Final = "BuilderNotConfigured"  # the operator or a Registry lacks what Jobs need
    RESULT_MISSING: Final = "ResultMissing"  # a build says that it succeeded, and its tag is not there
    OUT_OF_MEMORY: Final = "OutOfMemory"  # a build was killed: it needs more memory than its limit
    POLICY_MISSING: Final = "PolicyMissing"  # what admission policies guard, while they are not installed
    EMERGENCY_REBUILD: Final = "EmergencyRebuild"  # event: a person demanded a build at once, and said why
    SOURCES_DISAGREE: Final = "SourcesDisagree"  # of BasesDisputed: Dockerfile, labels, provenance differ
    DEPENDENCY_CYCLE: Final = "DependencyCycle"  # images stand on each other in a circle
    REBUILD_LOOP: Final = "RebuildLoop"  # a base moves so often that builds would never end
    RETRYING: Final = "Retrying"  # a build failed and is tried again after a pause
    QUEUED: Final = "Queued"  # a build is due, and as many run as may run at the same time
    CANCELLED: Final = "Cancelled"  # build: ended by a person
    CURRENT: Final = "Current"  # the last build stands on the newest bases
    TRACKED: Final = "Tracked"  # role Base or External: the image is followed, and built elsewhere
    IMAGE_CLAIMED: Final = "ImageClaimed"  # another ManagedImage builds the same tags with a better right
    BASE_NOT_BUILT: Final = "BaseNotBuilt"  # a base is built by a ManagedImage that has no image yet
    WAREHOUSE_NOT_READY: Final = "WarehouseNotReady"  # the Warehouse of a base has chosen nothing yet
    AMBIGUOUS_WAREHOUSE: Final = "AmbiguousWarehouse"  # several Warehouses watch a base and disagree
    SUBSCRIPTION_NOT_FOUND: Final = "SubscriptionNotFound"  # the Warehouse named has no such subscription
    OUTDATED: Final = "Outdated"  # a base moved and the policy is Manual: waits for slipway.dev/rebuild
    DELAYED: Final = "Delayed"  # a base moved less than rebuild.delay ago
    COORDINATING: Final = "Coordinating"  # other bases of the image may move too: one build for all of them
    OUTSIDE_WINDOW: Final = "OutsideWindow"  # none of rebuild.windows is open
    FROZEN: Final = "Frozen"  # one of rebuild.freezes holds: no build begins
    BUILDING: Final = "Building"  # a build of this image runs
    SUPERSEDED: Final = "Superseded"  # build: given up because something else is wanted by now
    BUILD_FAILED: Final = "BuildFailed"  # the build itself failed; this key is not tried again by itself
    BUILD_TIMED_OUT: Final = "BuildTimedOut"  # the builder ended the build: it took too long
    PODS_REFUSED: Final = "PodsRefused"  # no pod of a build Job can be made: quota, Pod Security, a webhook
    RUNNER_FAILED: Final = "RunnerFailed"  # what carries out the build failed; says nothing of the image
    BUILDER_UNREACHABLE: Final = "BuilderUnreachable"  # no connection to the builder, or one that broke
    BUILDER_FAILING: Final = "BuilderFailing"  # the builder answered with 5xx
    TOKEN_EXPIRED: Final = "TokenExpired"  # the builder says that the token has expired or was revoked
    PIPELINE_NOT_FOUND: Final = "PipelineNotFound"  # no such repository, project, workflow or run
    ORDER_REFUSED: Final = "OrderRefused"  # the builder does not take the order: an unknown input or branch
    NOT_OFFERED: Final = "NotOffered"  # the builder's version, or the token, cannot do what was asked
    TAG_TAKEN: Final = "TagTaken"  # event: something else has the tag of a build, whose number is skipped
    OUTCOME_UNKNOWN: Final = "OutcomeUnknown"  # a build may have been started, and nothing tells which it is
    NOT_ON_BASE: Final = "NotOnBase"  # the image's lowest layers are not those of the base
    BASE_UNKNOWN: Final = "BaseUnknown"  # nothing tells which base the image stands on
    BASE_EMPTY: Final = "BaseEmpty"  # a base without layers proves nothing of the image
    PLATFORM_MISSING: Final = "PlatformMissing"  # the new base has no image for a platform of the image
    RUN_NEEDS_ALLOW: Final = "RunNeedsAllow"  # a RUN layer above the base, and rebase.allowRun is false
    HISTORY_MISSING: Final = "HistoryMissing"  # layers above the base have no history, and no allowRun
    HISTORY_MISMATCH: Final = "HistoryMismatch"  # the history tells of another number of layers
    ON_BUILD_CHANGED: Final = "OnBuildChanged"  # only a build can run other ONBUILD triggers
    DERIVED_FROM_BASE: Final = "DerivedFromBase"  # a setting derives from a variable of the old base
    ALREADY_REBASED: Final = "AlreadyRebased"  # the source build is itself the result of a rebase
    FOREIGN_LAYER: Final = "ForeignLayer"  # a layer that may not be pushed to another registry
    UNSUPPORTED_IMAGE: Final = "UnsupportedImage"  # no container image, or an unknown type of layer
    IMAGE_MALFORMED: Final = "ImageMalformed"  # manifest and configuration contradict each other
    BASE_MOVED: Final = "BaseMoved"  # event: a base has another digest than the one built on
    BUILD_STARTED: Final = "BuildStarted"  # event: a build of a new key began
    BUILD_SUCCEEDED: Final = "BuildSucceeded"  # event: a build was pushed and verified
    ARCHIVED: Final = "Archived"  # event: the record of a deleted image was written to its ConfigMap
    ARCHIVE_REFUSED: Final = "ArchiveRefused"  # that ConfigMap cannot be written; the image goes anyway
    RESTORED: Final = "Restored"  # event: an image that is enrolled again goes on from its archive
    ARCHIVE_NOT_RESTORED: Final = "ArchiveNotRestored"  # event: the archive is of no use; builds begin anew

    # --- Deployment
    HEALTHY: Final = "Healthy"  # all replicas of the wanted revision are ready
    ROLLING_OUT: Final = "RollingOut"  # a revision is on its way and within its progress deadline
    SCALING: Final = "Scaling"  # the number of replicas is on its way
    PAUSED: Final = "Paused"  # spec.paused is true: nothing new is rolled out
    ROLLED_BACK: Final = "RolledBack"  # spec.rollbackTo holds a revision; also the reason of Held
    DIGEST_REJECTED: Final = "DigestRejected"  # the digest offered was rejected and waits for acceptDigests
    NO_ACCEPTABLE_DIGEST: Final = "NoAcceptableDigest"  # every digest offered was rejected, and none runs
    REVISION_NOT_FOUND: Final = "RevisionNotFound"  # rollbackTo names a revision that is not kept
    MANAGED_IMAGE_NOT_FOUND: Final = "ManagedImageNotFound"  # spec.image names no ManagedImage
    MANAGED_IMAGE_NOT_BUILT: Final = "ManagedImageNotBuilt"  # the ManagedImage has no image yet
    WAREHOUSE_NOT_FOUND: Final = "WarehouseNotFound"  # spec.image or a base names no Warehouse
    PROGRESS_DEADLINE_EXCEEDED: Final = "ProgressDeadlineExceeded"  # pods did not get ready in time
    PODS_NOT_READY: Final = "PodsNotReady"  # a revision that was healthy has lost ready replicas
    REPLICA_FAILURE: Final = "ReplicaFailure"  # Kubernetes cannot create the pods: quota, admission, limits
    REVISION_CREATED: Final = "RevisionCreated"  # event: a new revision was recorded
    ROLLOUT_COMPLETED: Final = "RolloutCompleted"  # event: all replicas of a revision are ready
    ROLLOUT_SUPERSEDED: Final = "RolloutSuperseded"  # event: a newer revision came before this one was ready
    ROLLBACK_RELEASED: Final = "RollbackReleased"  # event: rollbackTo was removed; the newest digest goes out
    SCALED: Final = "Scaled"  # event: a person changed the number of replicas
