from __future__ import annotations

import pytest
from pydantic import ValidationError

from slipway.api.container import Port, Resources


@pytest.mark.parametrize("name", ["http", "h2c", "a-1", "1a", "web-metrics-9"])
def test_port_names_are_service_names(name: str) -> None:
    """At least one letter, dashes only inside, as IANA has it."""
    assert Port(name=name, container_port=8080).service_port is None


@pytest.mark.parametrize("name", ["HTTP", "1", "80-443", "-a", "a-", "a--b", "a_b", "sixteen-letters-"])
def test_other_port_names_are_refused(name: str) -> None:
    """The Service would not take them."""
    with pytest.raises(ValidationError, match="name"):
        Port(name=name, container_port=8080)


@pytest.mark.parametrize("amount", ["100m", "128Mi", "1.5", "2", 2, "1e3", "500k"])
def test_amounts_are_written_as_in_a_pod(amount: int | str) -> None:
    """Whole numbers stay numbers, all else is text."""
    assert Resources.model_validate({"limits": {"cpu": amount}}).limits == {"cpu": amount}
