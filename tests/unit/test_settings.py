from __future__ import annotations

import ast
import inspect
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway import settings
from slipway.settings import Settings, SettingsError


def test_an_empty_environment_gives_the_defaults() -> None:
    """The operator starts in a pod without a single variable."""
    assert Settings.from_environment({}) == Settings()
    assert Settings.from_environment({"PATH": "/bin", "SLIPWAY_WORKERS": ""}) == Settings()


def test_every_variable_is_read(tmp_path: Path) -> None:
    """Each field has a variable of its name."""
    kubeconfig = tmp_path / "config"
    kubeconfig.touch()
    read = Settings.from_environment(
        {
            "SLIPWAY_KUBECONFIG": str(kubeconfig),
            "SLIPWAY_MINIMUM_INTERVAL": "2s",
            "SLIPWAY_EGRESS_ALLOW": "127.0.0.1:*, registry.local:5000,10.0.0.0/8",
            "SLIPWAY_WORKERS": "8",
            "SLIPWAY_RESYNC_INTERVAL": "1h",
            "SLIPWAY_IDENTITY": "replica-1",
            "SLIPWAY_LEASE_NAMESPACE": "slipway-system",
            "SLIPWAY_LEASE_DURATION": "15s",
            "SLIPWAY_HEALTH_HOST": "127.0.0.1",
            "SLIPWAY_HEALTH_PORT": "9090",
            "SLIPWAY_LOG_FORMAT": "console",
            "SLIPWAY_LOG_LEVEL": "DEBUG",
        }
    )
    assert read == Settings(
        kubeconfig=kubeconfig,
        minimum_interval=timedelta(seconds=2),
        egress_allow=("127.0.0.1:*", "registry.local:5000", "10.0.0.0/8"),
        workers=8,
        resync_interval=timedelta(hours=1),
        identity="replica-1",
        lease_namespace="slipway-system",
        lease_duration=timedelta(seconds=15),
        health_host="127.0.0.1",
        health_port=9090,
        log_format="console",
        log_level="debug",
    )


def test_every_field_can_be_set() -> None:
    """No field is forgotten by the reader, and the reader knows no other."""
    assert settings._READERS.keys() == {field.name for field in fields(Settings)}


def test_every_field_is_documented() -> None:
    """A docstring stands under each field and names its default."""
    (body,) = (node for node in ast.parse(inspect.getsource(Settings)).body if isinstance(node, ast.ClassDef))
    following = dict(zip(body.body, body.body[1:], strict=False))
    for field, after in following.items():
        if isinstance(field, ast.AnnAssign):
            assert isinstance(after, ast.Expr)
            assert isinstance(after.value, ast.Constant)
            assert "Default" in str(after.value.value)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("MINIMUM_INTERVAL", "5 minutes", "units ms, s, m or h"),
        ("MINIMUM_INTERVAL", "0s", "write 1s or more"),
        ("RESYNC_INTERVAL", "10", "units ms, s, m or h"),
        ("WORKERS", "0", "whole number from 1 to 256"),
        ("WORKERS", "many", "whole number from 1 to 256"),
        ("WORKERS", "\u0663", "whole number from 1 to 256"),
        ("IDENTITY", "one\ttwo", "write up to 253 printable characters"),
        ("IDENTITY", "x" * 254, "write up to 253 printable characters"),
        ("LEASE_NAMESPACE", "Slipway", "is no namespace"),
        ("LEASE_NAMESPACE", "x" * 64, "up to 63 of a-z, 0-9 and -"),
        ("LEASE_DURATION", "9s", "between 10s and 10m"),
        ("LEASE_DURATION", "11m", "between 10s and 10m"),
        ("LEASE_DURATION", "soon", "units ms, s, m or h"),
        ("HEALTH_PORT", "70000", "whole number from 1 to 65535"),
        ("LOG_FORMAT", "xml", "one of auto, console, json"),
        ("LOG_LEVEL", "loud", "one of debug, info, warning, error"),
        ("EGRESS_ALLOW", "http://registry.local", "write host, host:port"),
        ("KUBECONFIG", "/does/not/exist", "there is no file '/does/not/exist'"),
    ],
)
def test_a_bad_value_is_named_with_the_fix(name: str, value: str, message: str) -> None:
    """The message begins with the variable and says what would work."""
    with pytest.raises(SettingsError, match=rf"^SLIPWAY_{name}: .*{message}"):
        Settings.from_environment({f"SLIPWAY_{name}": value})


def test_all_bad_values_are_named_at_once() -> None:
    """Nobody has to start the operator twice to learn of the second mistake."""
    with pytest.raises(SettingsError) as refusal:
        Settings.from_environment({"SLIPWAY_WORKERS": "0", "SLIPWAY_HEALTH_PORT": "x"})
    assert [line.partition(":")[0] for line in str(refusal.value).splitlines()] == [
        "SLIPWAY_HEALTH_PORT",
        "SLIPWAY_WORKERS",
    ]


def test_variables_of_services_are_no_settings() -> None:
    """Kubernetes puts such variables into pods beside a Service that is called slipway."""
    environment = {"SLIPWAY_SERVICE_HOST": "10.0.0.1", "SLIPWAY_PORT": "tcp://10.0.0.1:8080"}
    assert Settings.from_environment(environment) == Settings()


NAMES = st.sampled_from([f"SLIPWAY_{field.name.upper()}" for field in fields(Settings)])


@given(st.dictionaries(NAMES, st.text(max_size=30)))
def test_any_text_is_read_or_refused(environment: dict[str, str]) -> None:
    """No value of any variable ends in anything but settings or a refusal with its name."""
    try:
        Settings.from_environment(environment)
    except SettingsError as refusal:
        for line in str(refusal).splitlines():
            assert line.partition(":")[0] in environment
