from __future__ import annotations

from pathlib import Path

import pytest

from slipway.oci.errors import CredentialInvalid
from slipway.oci.exchange.acr import acr_host
from slipway.oci.exchange.ambient import NO_AMBIENT_IDENTITY, AmbientIdentity
from slipway.oci.exchange.aws_keys import WebIdentity
from slipway.oci.exchange.ecr import ecr_host
from slipway.oci.exchange.entra import EntraClient
from slipway.oci.exchange.google_identity import ServiceAccountKey

ECR = ecr_host("123456789012.dkr.ecr.eu-central-1.amazonaws.com")
ACR = acr_host("shopregistry.azurecr.io")
EKS = {"AWS_ROLE_ARN": "arn:aws:iam::1:role/slipway", "AWS_WEB_IDENTITY_TOKEN_FILE": "/token"}
AKS = {
    "AZURE_TENANT_ID": "shop.example",
    "AZURE_CLIENT_ID": "an-application",
    "AZURE_FEDERATED_TOKEN_FILE": "/token",
    "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.com/",
}


def test_what_eks_writes_into_the_environment_is_read() -> None:
    """The region is the pod's own; that of the registry where the pod has none."""
    assert ECR is not None
    pod = AmbientIdentity(environment={**EKS, "AWS_REGION": "us-east-1"})

    assert pod.web_identity(ECR) == WebIdentity("arn:aws:iam::1:role/slipway", "/token", "us-east-1")
    assert AmbientIdentity(environment=EKS).web_identity(ECR).region == "eu-central-1"


def test_what_aks_writes_into_the_environment_is_read() -> None:
    """With its login host, or without one."""
    assert ACR is not None
    for environment in (AKS, {**AKS, "AZURE_AUTHORITY_HOST": ""}):
        client = AmbientIdentity(environment=environment).entra_client(ACR)
        assert client == EntraClient("shop.example", "an-application", token_file="/token")


def test_a_pod_of_another_of_azures_clouds_is_told_so() -> None:
    """Its token is not shown to the login of this one."""
    assert ACR is not None
    pod = AmbientIdentity(environment={**AKS, "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us/"})

    with pytest.raises(CredentialInvalid, match=r"login\.microsoftonline\.us"):
        pod.entra_client(ACR)


def test_what_the_variable_of_google_names_is_read(tmp_path: Path) -> None:
    """A key or a configuration, by the same rules as elsewhere."""
    file = tmp_path / "credentials.json"
    pod = AmbientIdentity(environment={"GOOGLE_APPLICATION_CREDENTIALS": str(file)})
    file.write_text(
        '{"type": "service_account", "client_email": "a@b", "private_key_id": "k", "private_key": "p"}'
    )
    assert pod.google_identity() == ServiceAccountKey("a@b", "k", "p")

    file.write_text('{"type": "external_account", "token_url": "https://evil.example"}')
    with pytest.raises(CredentialInvalid, match="token_url"):
        pod.google_identity()

    file.unlink()
    with pytest.raises(CredentialInvalid, match="cannot read"):
        pod.google_identity()


@pytest.mark.parametrize("missing", sorted(EKS))
def test_a_pod_without_an_identity_of_aws_is_told_what_to_do(missing: str) -> None:
    """The annotation that makes EKS write it."""
    assert ECR is not None
    pod = AmbientIdentity(environment={**EKS, missing: " "})

    with pytest.raises(CredentialInvalid, match=rf"no {missing}.*eks\.amazonaws\.com/role-arn"):
        pod.web_identity(ECR)


@pytest.mark.parametrize("missing", sorted(AKS.keys() - {"AZURE_AUTHORITY_HOST"}))
def test_a_pod_without_an_identity_of_azure_is_told_what_to_do(missing: str) -> None:
    """The annotation and the label that make AKS write it."""
    assert ACR is not None
    with pytest.raises(CredentialInvalid, match=rf"no {missing}.*azure\.workload\.identity/use"):
        AmbientIdentity(environment={**AKS, missing: ""}).entra_client(ACR)


def test_a_pod_without_an_identity_of_google_is_told_what_to_do() -> None:
    """The file to mount."""
    with pytest.raises(CredentialInvalid, match=r"no GOOGLE_APPLICATION_CREDENTIALS.*mount"):
        NO_AMBIENT_IDENTITY.google_identity()


def test_the_environment_is_in_no_representation() -> None:
    """There may be anything in it."""
    assert "hunter2" not in repr(AmbientIdentity(("gcr.io",), {"PASSWORD": "hunter2"}))
