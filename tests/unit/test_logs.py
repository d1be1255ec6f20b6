from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from slipway.logs import configure_logs
from slipway.settings import LogFormat


@pytest.fixture(autouse=True)
def restore() -> Iterator[None]:
    """Leave the logs of the test run as they were."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("slipway").setLevel(logging.NOTSET)
    structlog.reset_defaults()


def test_a_line_is_a_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    """Collectors read event, level and time from fields."""
    configure_logs("info", "json")

    structlog.get_logger("slipway.test").info("Started", port=8080)

    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"], line["port"]) == ("Started", "info", 8080)
    assert line["timestamp"].endswith("Z")


def test_no_secret_reaches_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Texts, and the traceback of an error, are cleaned."""
    configure_logs("info", "json")

    try:
        msg = "https://user:hunter2@registry.example.com/v2/"
        raise ValueError(msg)
    except ValueError:
        structlog.get_logger("slipway.test").exception("Failed", url="https://user:hunter2@example.com")

    assert "hunter2" not in capsys.readouterr().err


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_text_gets_out_of_its_line(capsys: pytest.CaptureFixture[str], form: LogFormat) -> None:
    """Abuse 34: line ends, escape sequences and marks that turn the writing come out escaped."""
    configure_logs("info", form)

    hostile = "1.0\nlevel=error \x1b[2J\u202e0.1\r"
    structlog.get_logger("slipway.test").info("Chosen", tag=hostile)

    written = capsys.readouterr().err
    assert len(written.splitlines()) == 1
    assert hostile not in written
    assert not [mark for mark in ("\x1b[2J", "\u202e", "\r") if mark in written]


def test_libraries_are_heard_when_they_warn(capsys: pytest.CaptureFixture[str]) -> None:
    """What they tell at each step is nobody's concern."""
    configure_logs("debug", "json")

    logging.getLogger("kopf.objects").info("Handler succeeded")
    logging.getLogger("kopf.objects").warning("Something is odd")
    structlog.get_logger("slipway.test").debug("A detail")

    events = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    assert events == ["Something is odd", "A detail"]


def test_people_get_lines_without_braces(capsys: pytest.CaptureFixture[str]) -> None:
    """The console form is for reading."""
    configure_logs("warning", "console")

    structlog.get_logger("slipway.test").info("Not urgent enough")
    structlog.get_logger("slipway.test").warning("Urgent")

    text = capsys.readouterr().err
    assert "Urgent" in text
    assert "{" not in text
    assert "Not urgent" not in text
