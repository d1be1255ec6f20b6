from __future__ import annotations

import inspect

from slipway.charts import errors
from slipway.charts.errors import ChartError


def test_the_tree_is_drawn_in_the_docstring() -> None:
    """Each error stands there, and all are exported."""
    own = {
        name
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, ChartError)
    }

    assert own == set(errors.__all__)
    assert errors.__doc__ is not None
    assert all(name in errors.__doc__ for name in own)


def test_each_error_has_a_reason_of_its_own() -> None:
    """The one of the base is what nobody raises."""
    leaves = {getattr(errors, name) for name in errors.__all__} - {ChartError}

    assert all(leaf.reason != ChartError.reason for leaf in leaves)


def test_messages_are_short_and_hold_no_secret() -> None:
    """They end up in a status."""
    message = str(ChartError("https://user:s3cret@charts.example.com " + "x" * 2000))

    assert "s3cret" not in message
    assert len(message) <= 1024
