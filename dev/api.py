"""The Kubernetes API for tests and the harness: plain, blocking, dictionaries in and out."""

from __future__ import annotations

import http.client
import json
import select
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from dev.kubeconfig import Kubeconfig

__all__ = ["ApiError", "KubeApi", "resource_path"]

_USER_AGENT = "slipway-dev"


class ApiError(RuntimeError):
    """The API server refused a request."""

    def __init__(self, status: int, message: str, reason: str = "") -> None:
        super().__init__(f"{status} {reason}: {message}" if reason else f"{status}: {message}")
        self.status = status
        """HTTP status code."""
        self.message = message
        """The server's own sentence."""
        self.reason = reason
        """The `reason` of the Status object, such as `AlreadyExists` or `Expired`."""


def resource_path(
    api_version: str, plural: str, namespace: str | None = None, name: str | None = None
) -> str:
    """The URL path of a collection or an object: `("apps/v1", "deployments", "shop", "api")`."""
    root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    scope = f"/namespaces/{namespace}" if namespace else ""
    return f"{root}{scope}/{plural}" + (f"/{name}" if name else "")


class KubeApi:
    """One keep-alive connection per thread to one API server."""

    def __init__(self, kubeconfig: Kubeconfig, *, timeout: float | None = 30.0) -> None:
        self._kubeconfig = kubeconfig
        self._context = kubeconfig.ssl_context() if kubeconfig.server.startswith("https:") else None
        self._timeout = timeout
        self._connections: dict[int, http.client.HTTPConnection] = {}

    @classmethod
    def at(cls, path: Path) -> Self:
        """A client for the current context of a kubeconfig file."""
        return cls(Kubeconfig.read(path))

    def close(self) -> None:
        """Close the connections of all threads; the next request opens one anew."""
        for connection in list(self._connections.values()):
            connection.close()

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Read an object or a list."""
        return self.request("GET", path, query=query)

    def find(self, path: str) -> dict[str, Any] | None:
        """Read an object; None when it does not exist."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.status == http.client.NOT_FOUND:
                return None
            raise

    def create(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """POST an object to its collection."""
        return self.request("POST", path, body=body)

    def replace(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """PUT an object."""
        return self.request("PUT", path, body=body)

    def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change an object by a JSON merge patch."""
        return self.request("PATCH", path, body=body, content_type="application/merge-patch+json")

    def apply(self, path: str, body: Mapping[str, Any], *, manager: str) -> dict[str, Any]:
        """Server-side apply, taking fields over from other managers."""
        query = {"fieldManager": manager, "force": "true"}
        return self.request(
            "PATCH", path, body=body, query=query, content_type="application/apply-patch+yaml"
        )

    def delete(self, path: str, **query: str) -> dict[str, Any]:
        """Delete an object."""
        return self.request("DELETE", path, query=query)

    def watch(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """The events of a collection from `resourceVersion` on, until the server ends the stream.

        Raises:
            ApiError: the server refused the watch, or sent an ERROR event (410 `Expired`).
        """
        connection = self._connect()
        try:
            connection.request("GET", f"{path}?{urlencode({**query, 'watch': '1'})}", headers=self._headers())
            response = connection.getresponse()
            if response.status >= 400:
                raise _error(response.status, response.read())
            while line := response.readline():
                event: dict[str, Any] = json.loads(line)
                if event["type"] == "ERROR":
                    status = event["object"]
                    raise ApiError(
                        status.get("code", 500), status.get("message", ""), status.get("reason", "")
                    )
                yield event
        finally:
            connection.close()

    def wait_for(
        self, path: str, condition: Callable[[dict[str, Any] | None], bool], *, timeout: float = 30.0
    ) -> dict[str, Any] | None:
        """Poll an object until it meets a condition, and return it; None stands for one that does not exist.

        Raises:
            TimeoutError: it did not in time; the message shows the last state.
        """
        deadline = time.monotonic() + timeout
        while True:
            found = self.find(path)
            if condition(found):
                return found
            if time.monotonic() > deadline:
                msg = f"{path} did not get there within {timeout:g} s; it is {json.dumps(found, indent=1)}"
                raise TimeoutError(msg)
            time.sleep(0.05)

    def request(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> dict[str, Any]:
        """One request; the answer as JSON, or under `text` where it is none.

        Raises:
            ApiError: the server refused it.
            OSError: the server cannot be reached.
        """
        target = f"{path}?{urlencode(query)}" if query else path
        payload = None if body is None else json.dumps(body).encode()
        headers = {**self._headers(), **({"Content-Type": content_type} if payload else {})}
        status, answer = self._exchange(method, target, payload, headers)
        if status >= 400:
            raise _error(status, answer)
        return _parsed(answer)

    def _exchange(
        self, method: str, target: str, payload: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        connection = self._kept_connection()
        if _was_ended(connection):
            connection.close()
        was_open = connection.sock is not None
        try:
            return _ask(connection, method, target, payload, headers)
        except (ConnectionError, ssl.SSLEOFError):
            # The server may end an idle connection in this very moment; only a read is safe to repeat.
            if not was_open or method != "GET":
                raise
        return _ask(connection, method, target, payload, headers)

    def _kept_connection(self) -> http.client.HTTPConnection:
        thread = threading.get_ident()
        if thread not in self._connections:
            self._connections[thread] = self._connect()
        return self._connections[thread]

    def _connect(self) -> http.client.HTTPConnection:
        address = urlsplit(self._kubeconfig.server)
        if self._context is None:
            return http.client.HTTPConnection(address.netloc, timeout=self._timeout)
        return http.client.HTTPSConnection(address.netloc, timeout=self._timeout, context=self._context)

    def _headers(self) -> dict[str, str]:
        token = self._kubeconfig.token
        authorization = {"Authorization": f"Bearer {token}"} if token else {}
        return {"User-Agent": _USER_AGENT, "Accept": "application/json", **authorization}


def _was_ended(connection: http.client.HTTPConnection) -> bool:
    """Whether the server has ended a kept connection: between two requests it has nothing else to say."""
    if connection.sock is None:
        return False
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


def _ask(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    payload: bytes | None,
    headers: dict[str, str],
) -> tuple[int, bytes]:
    try:
        connection.request(method, target, body=payload, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException):
        # A broken keep-alive connection must not poison the next request.
        connection.close()
        raise


def _parsed(answer: bytes) -> dict[str, Any]:
    try:
        document = json.loads(answer)
    except ValueError:
        return {"text": answer.decode(errors="replace")}
    return document if isinstance(document, dict) else {"items": document}


def _error(status: int, answer: bytes) -> ApiError:
    document = _parsed(answer)
    message = document.get("message") or document.get("text", "")
    return ApiError(status, message, document.get("reason", ""))
