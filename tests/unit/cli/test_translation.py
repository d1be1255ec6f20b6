from __future__ import annotations

import pytest

from slipway.api.conditions import Reason
from slipway.api.warehouse import Warehouse
from slipway.cli.errors import Refused
from slipway.cli.translation import translated
from slipway.engine.outcome import Waiting
from slipway.kinds.registry.access import AccessProblem
from slipway.kube.errors import Forbidden, Unauthorized, Unreachable
from slipway.oci.errors import RegistryUnreachable


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Unreachable("no connection to 127.0.0.1"), "no connection to 127.0.0.1"),
        (Unauthorized("Unauthorized"), "log in again"),
        (Forbidden('secrets "a" is forbidden'), 'secrets "a" is forbidden: ask whoever runs the cluster'),
        (RegistryUnreachable("No connection:\ncheck the host"), "No connection: check the host"),
        (AccessProblem(Waiting(Reason.SECRET_NOT_FOUND, "Secret a does not exist")), "Secret a does not"),
        (Unreachable("at https://me:hunter2@r.example.com"), "https://***@r.example.com"),
    ],
)
def test_what_is_foreseen_is_one_line_without_secrets(error: Exception, words: str) -> None:
    with pytest.raises(Refused) as refused, translated():
        raise error

    assert words in str(refused.value)
    assert str(refused.value).isprintable()
    assert "hunter2" not in str(refused.value)


def test_an_object_of_another_version_is_said_to_be_one() -> None:
    with pytest.raises(Refused, match="no Warehouse as known here"), translated():
        Warehouse.model_validate({"metadata": {}, "spec": {"subscriptions": "none"}})


def test_an_error_of_ours_is_no_refusal() -> None:
    with pytest.raises(ZeroDivisionError), translated():
        _ = 1 // 0
