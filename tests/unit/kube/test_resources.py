from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.kube.resources import APPS_DEPLOYMENTS, BY_KEY_KIND, CRDS, SDEPLOYMENTS, SECRETS, Resource


@pytest.mark.parametrize(
    ("path", "want"),
    [
        (SDEPLOYMENTS.path(), "/apis/slipway.dev/v1alpha1/deployments"),
        (SDEPLOYMENTS.path("shop"), "/apis/slipway.dev/v1alpha1/namespaces/shop/deployments"),
        (
            SDEPLOYMENTS.path("shop", "api", "status"),
            "/apis/slipway.dev/v1alpha1/namespaces/shop/deployments/api/status",
        ),
        (SECRETS.path("shop", "key"), "/api/v1/namespaces/shop/secrets/key"),
        (
            CRDS.path(None, "a.b"),
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/a.b",
        ),
        (CRDS.path("shop", "a.b"), CRDS.path(None, "a.b")),
    ],
)
def test_paths_are_those_of_the_api_server(path: str, want: str) -> None:
    """Groups, the core group, subresources and kinds of the whole cluster each have their form."""
    assert path == want


def test_both_deployments_have_keys_of_their_own() -> None:
    """The kind shares its plural with Kubernetes' own."""
    assert SDEPLOYMENTS.key_kind == "deployments.slipway.dev"
    assert APPS_DEPLOYMENTS.key_kind == "deployments.apps"
    assert SECRETS.key_kind == "secrets"
    assert all(BY_KEY_KIND[name].key_kind == name for name in BY_KEY_KIND)


@given(st.text(min_size=1), st.text(min_size=1))
def test_no_name_leads_out_of_its_place(namespace: str, name: str) -> None:
    """A name that a user wrote is quoted: it adds no path segment and no query."""
    path = Resource("g", "v1", "things", "Thing").path(namespace, name)

    assert path.count("/") == 7
    assert not set(path) & set("?# %\\\n") - {"%"}
