"""Logs on standard error: JSON objects for collectors or lines for people; every text is redacted."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping, Sequence
from typing import Any

import stamina
import structlog
from structlog.typing import Processor

from slipway.redact import redact
from slipway.settings import LogFormat, LogLevel

__all__ = ["configure_logs", "redact_texts"]


def configure_logs(level: LogLevel = "info", form: LogFormat = "auto") -> None:
    """Send the logs of the operator and of the libraries it uses to standard error.

    Args:
        level: the least urgent messages of ours that are written; libraries are heard from `warning` on.
        form: of the lines.
    """
    common: Sequence[Processor] = (
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact_texts,
    )
    for_people = form == "console" or (form == "auto" and sys.stderr.isatty())
    renderer: Processor = (
        structlog.dev.ConsoleRenderer() if for_people else structlog.processors.JSONRenderer()
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=common,
        )
    )
    # A repeat that helped is no news, and one that did not ends in an error with a reason.
    stamina.instrumentation.set_on_retry_hooks([])
    logging.basicConfig(handlers=[handler], level=max(logging.WARNING, _number(level)), force=True)
    logging.getLogger("slipway").setLevel(_number(level))
    # It warns that it takes no signals in a thread, which is why it is in one.
    logging.getLogger("kopf._core.reactor.running").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *common,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def redact_texts(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Clean every text of a log line of credentials (a structlog processor)."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = redact(value)
    return event


def _number(level: LogLevel) -> int:
    return logging.getLevelNamesMapping()[level.upper()]
