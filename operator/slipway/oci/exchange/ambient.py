"""The cloud identity of the operator's own pod, and for which registries it may be used.

Every tenant may create a Registry, so to use our own identity for any of them would lend its rights to
whoever asks. The rule: it is used only when

1. the Registry names no Secret, and has the type of the cloud,
2. its host is one of that cloud's own registry domain, account or project and region included, and
3. the operator's administrator has listed the host, or a pattern of it.

What the environment has to say follows the conventions of the clouds, whose admission webhooks write it:
EKS (IAM roles for service accounts), AKS (workload identity), and workload identity federation of Google.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from slipway.oci.credentials import names_host
from slipway.oci.errors import CredentialInvalid
from slipway.oci.exchange.acr import AcrHost
from slipway.oci.exchange.aws_keys import WebIdentity
from slipway.oci.exchange.ecr import EcrHost
from slipway.oci.exchange.entra import EntraClient
from slipway.oci.exchange.google_identity import GoogleIdentity, parse_google_identity
from slipway.oci.exchange.token_files import read_token_file

__all__ = ["NO_AMBIENT_IDENTITY", "AmbientIdentity"]

_EKS: Final = "annotate the operator's service account with eks.amazonaws.com/role-arn, and restart it"
_AKS: Final = (
    "annotate the operator's service account with azure.workload.identity/client-id, label its pods with"
    " azure.workload.identity/use: true, and restart it"
)
_GOOGLE: Final = "mount a configuration of workload identity federation, and name its file there"


@dataclass(frozen=True, slots=True)
class AmbientIdentity:
    """What the operator's pod is to the clouds."""

    registries: tuple[str, ...] = ()
    """The hosts it may be used for; each label may be a glob: `123456789012.dkr.ecr.*.amazonaws.com`."""

    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The variables of the process."""

    def serves(self, host: str) -> bool:
        """Whether the administrator lets it be used for this host."""
        return names_host(self.registries, host)

    def web_identity(self, host: EcrHost) -> WebIdentity:
        """What AWS gives keys for.

        Raises:
            CredentialInvalid: when the pod has no such identity.
        """
        return WebIdentity(
            self._variable("AWS_ROLE_ARN", _EKS),
            self._variable("AWS_WEB_IDENTITY_TOKEN_FILE", _EKS),
            self.environment.get("AWS_REGION") or host.region,
        )

    def entra_client(self, host: AcrHost) -> EntraClient:
        """What Entra gives tokens for.

        Raises:
            CredentialInvalid: when the pod has no such identity, or one of another of Azure's clouds.
        """
        authority = self.environment.get("AZURE_AUTHORITY_HOST", "").rstrip("/") or host.authority
        if authority != host.authority:
            msg = (
                f"the operator's pod is known to {authority}, but {host.host} to {host.authority}:"
                " name a Secret in secretRef"
            )
            raise CredentialInvalid(msg)
        return EntraClient(
            self._variable("AZURE_TENANT_ID", _AKS),
            self._variable("AZURE_CLIENT_ID", _AKS),
            token_file=self._variable("AZURE_FEDERATED_TOKEN_FILE", _AKS),
        )

    def google_identity(self) -> GoogleIdentity:
        """What Google gives tokens for.

        Raises:
            CredentialInvalid: when the pod has no such identity, or one that is refused.
        """
        path = self._variable("GOOGLE_APPLICATION_CREDENTIALS", _GOOGLE)
        return parse_google_identity(read_token_file(path), f"the file {path} of the operator's pod")

    def _variable(self, name: str, advice: str) -> str:
        value = self.environment.get(name, "").strip()
        if not value:
            msg = f"the operator's pod has no {name}, so it has no identity there: {advice}"
            raise CredentialInvalid(msg)
        return value


NO_AMBIENT_IDENTITY: Final = AmbientIdentity()
"""Used for nothing."""
