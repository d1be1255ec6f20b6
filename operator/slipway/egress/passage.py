"""One request to one host, and what the circuits of the host learn from it."""

from __future__ import annotations

from collections.abc import Hashable
from types import TracebackType
from typing import Final, Self

from slipway.egress.circuit import Circuits, Failure
from slipway.egress.deadline import now
from slipway.egress.errors import (
    ConnectFailed,
    ConnectionBroken,
    ConnectTimedOut,
    HttpError,
    NameNotResolved,
    TimedOut,
    TlsFailed,
    translate,
)
from slipway.egress.messages import EndpointClass, Origin

__all__ = ["Passage"]

_NO_SERVER_ERRORS: Final = frozenset({501, 505})  # they say that the request is one the server does not know


class Passage:
    """Lets a request through, and judges how it ends; `slipway.egress.circuit` says by which rules.

    Args:
        shared: The circuits of all clients, told about connections.
        own: Those of the client, told about answers.
        part: Whom it goes to, what part of that host, and for whom, where the client serves several.
        path: What is asked for there.
    """

    __slots__ = (
        "_is_own_probe",
        "_is_shared_probe",
        "_origin",
        "_own",
        "_part",
        "_path",
        "_place",
        "_shared",
        "_status",
    )

    def __init__(
        self, shared: Circuits, own: Circuits, part: tuple[Origin, EndpointClass, Hashable], path: str
    ) -> None:
        origin = part[0]
        self._shared = shared
        self._own = own
        self._origin = origin
        self._place = (origin.host, origin.port)  # the scheme does not matter for a connection
        self._part = part
        self._path = path
        self._status: int | None = None
        self._is_shared_probe = self._is_own_probe = False

    def __enter__(self) -> Self:
        """Before it waits for its turn: nobody queues for a host that is left alone."""
        self._check()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._judge(self._status)
        if self._is_shared_probe:
            self._shared.leave(self._place)
        if self._is_own_probe:
            self._own.leave(self._part)

    def go(self) -> None:
        """Its turn has come.

        Raises:
            CircuitOpen: when the host began to fail meanwhile.
        """
        self._check()
        self._is_shared_probe = self._shared.enter(self._place)
        self._is_own_probe = self._own.enter(self._part)

    def answered(self, status: int) -> None:
        """The head of an answer came. What is judged in the end is the whole of it."""
        self._shared.succeed(self._place)
        self._status = status
        if status < 500 and self._is_own_probe:
            self._own.leave(self._part)  # it is back; a body that takes hours keeps nobody else away
            self._is_own_probe = False

    def failed(self, error: HttpError) -> None:
        """There is no whole answer."""
        self._status = None
        if isinstance(error, TlsFailed):
            self._shared.succeed(self._place)  # somebody took the connection
        elif isinstance(error, ConnectTimedOut) or (
            isinstance(error, ConnectFailed) and not isinstance(error, NameNotResolved)
        ):
            self._shared.fail(self._place, now(), self._failure(error))
        elif isinstance(error, (TimedOut, ConnectionBroken)):
            self._own.fail(self._part, now(), self._failure(error))

    def _check(self) -> None:
        moment = now()
        self._shared.check(self._place, self._origin.__str__, moment)
        self._own.check(self._part, lambda: "{} ({})".format(*self._part), moment)

    def _judge(self, status: int) -> None:
        if status >= 500 and status not in _NO_SERVER_ERRORS:
            failure = Failure(f"it answered with status {status}", address=self._path)
            self._own.fail(self._part, now(), failure)
        else:
            self._own.succeed(self._part)

    def _failure(self, error: HttpError) -> Failure:
        """In words that hold no path: a path names a repository, and others get to read them."""
        cause = error.__cause__
        words = translate(cause, str(self._origin)) if isinstance(cause, Exception) else error
        return Failure(str(words), type(error))
