"""Where the API server is and who we are to it: from a kubeconfig, or from the pod's service account.

The `kubernetes` package reads the configuration, with everything that a kubeconfig can hold (exec plugins,
OIDC, token files); we keep only what a request needs of it.

It is imported inside the functions that need it: it takes time and memory that a user of `slipway.oci`
alone shall not pay. Its functions are `type: ignore[no-untyped-call]` because it ships no
annotations for them.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import aiohttp
from typing_extensions import override

from slipway.kube.errors import Unreachable

if TYPE_CHECKING:
    from kubernetes.aio.client import Configuration

__all__ = ["Connection", "configuration_files", "user_agent"]

_IN_CLUSTER = "KUBERNETES_SERVICE_HOST"

_CONNECTIONS = 64
"""Connections to the API server at most: one per worker, and some for lists and watches."""


@cache
def user_agent() -> str:
    """How the operator names itself in the audit log: `slipway/<version>`."""
    return f"slipway/{version('slipway')}"


class Connection:
    """One way to one API server.

    Sessions of several event loops may share it: what changes is replaced as a whole.
    """

    __slots__ = ("_configuration", "_context", "_kubeconfig", "_lock", "tls")

    def __init__(
        self,
        kubeconfig: Path | None,
        configuration: Configuration,
        tls: ssl.SSLContext | None,
        context: str | None = None,
    ) -> None:
        """Use `load` instead, which finds all of them."""
        self._kubeconfig = kubeconfig
        self._context = context
        self._configuration = configuration
        self._lock = asyncio.Lock()
        self.tls = tls

    @classmethod
    async def load(cls, kubeconfig: Path | None = None, context: str | None = None) -> Self:
        """Read the configuration.

        The first of these that exists: the file that is named here, those that `KUBECONFIG` names, the
        service account of the pod, `~/.kube/config`.

        Args:
            kubeconfig: the file.
            context: of the file, by its name; the current one, if not given.

        Raises:
            Unreachable: when there is none, or when it cannot be read.
        """
        configuration, tls = await _read(kubeconfig, context)
        return cls(kubeconfig, configuration, tls, context)

    @property
    def server(self) -> str:
        """The URL of the API server, without a slash at its end."""
        return str(self._configuration.host).rstrip("/")

    @property
    def proxy(self) -> str | None:
        """The URL of the proxy that the kubeconfig demands."""
        return self._configuration.proxy or None

    async def headers(self) -> dict[str, str]:
        """What says who we are; a service account's token is read again every minute.

        Raises:
            Unreachable: when the token cannot be read.
        """
        from kubernetes.aio.config import ConfigException  # noqa: PLC0415 - see above

        try:
            token = await self._configuration.get_api_key_with_prefix("BearerToken")
        except (ConfigException, OSError) as error:
            msg = f"The token for the API server cannot be read: {error}"
            raise Unreachable(msg) from error
        return {"Authorization": str(token)} if token else {}

    async def reload(self, refused: Mapping[str, str]) -> None:
        """Get a new credential after the API server refused the one in `refused`.

        Many requests are refused at once when a token expires; only the first reads the configuration.
        """
        async with self._lock:
            if await self.headers() == refused:
                self._configuration, self.tls = await _read(self._kubeconfig, self._context)

    def session(
        self,
        headers: Mapping[str, str] | None = None,
        middlewares: Sequence[aiohttp.ClientMiddlewareType] = (),
    ) -> aiohttp.ClientSession:
        """A session of the running event loop, with these headers and middlewares in every request."""
        connector = aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=self.tls or True)
        # The answers stay inside one network: unpacking them would cost more than it saves.
        common = {"User-Agent": user_agent(), "Accept": "application/json", "Accept-Encoding": "identity"}
        return aiohttp.ClientSession(
            connector=connector,
            headers={**common, **(headers or {})},
            # API servers set no cookies; to look for some in every answer is work on the hot path.
            cookie_jar=aiohttp.DummyCookieJar(),
            middlewares=middlewares,
            proxy=self.proxy,
        )


class _NamedContext(ssl.SSLContext):
    """Expects the certificate to name a host other than the one that is dialled (`tls-server-name`)."""

    expected: str | None = None

    @override
    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        """As asyncio calls it, with the expected name in place of the dialled one."""
        if self.expected:
            kwargs["server_hostname"] = self.expected
        return super().wrap_bio(*args, **kwargs)


async def _read(kubeconfig: Path | None, context: str | None) -> tuple[Configuration, ssl.SSLContext | None]:
    from kubernetes.aio.client import Configuration  # noqa: PLC0415 - see above
    from kubernetes.aio.config import ConfigException  # noqa: PLC0415 - see above
    from yaml import YAMLError  # noqa: PLC0415 - see above

    configuration = Configuration()
    files = configuration_files(kubeconfig)
    try:
        if files is None:
            _read_service_account(configuration)
            return configuration, _tls(configuration)
        _demand_file(files)
        with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
            await _read_kubeconfig(configuration, files, context, folder)
            return configuration, _tls(configuration)
    except (ConfigException, OSError, YAMLError, ValueError, TypeError, AttributeError) as error:
        place = files or "the service account of this pod"
        # The package stumbles over files that hold no mapping.
        cause = "it is no kubeconfig" if isinstance(error, (TypeError, AttributeError)) else str(error)
        msg = f"The way to the API server cannot be read from {place}: {cause}"
        raise Unreachable(msg) from error
    finally:
        _forget_keys_on_disk()


def _read_service_account(configuration: Configuration) -> None:
    from kubernetes.aio.config import load_incluster_config  # noqa: PLC0415 - see above

    load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]  # see above


async def _read_kubeconfig(
    configuration: Configuration, files: str, context: str | None, folder: str
) -> None:
    from kubernetes.aio.config import load_kube_config  # noqa: PLC0415 - see above

    await load_kube_config(  # type: ignore[no-untyped-call]  # see above
        config_file=files,
        context=context,
        client_configuration=configuration,
        persist_config=False,
        temp_file_path=folder,
    )


def configuration_files(kubeconfig: Path | None) -> str | None:
    """The file, or several with colons between them; None where the pod's service account is meant."""
    if kubeconfig is not None:
        return str(kubeconfig)
    if named := os.environ.get("KUBECONFIG"):
        return named
    return None if _IN_CLUSTER in os.environ else str(Path.home() / ".kube" / "config")


def _demand_file(files: str) -> None:
    # The package would speak of a missing `current-context` instead.
    if not any(Path(file).expanduser().is_file() for file in files.split(os.pathsep)):
        msg = "there is no such file; name another with --kubeconfig or KUBECONFIG"
        raise FileNotFoundError(msg)


def _forget_keys_on_disk() -> None:
    # The package writes keys of a kubeconfig into files and remembers their names until the process ends. A
    # killed process would leave them behind, so they go as soon as they are loaded; it must forget them too.
    from kubernetes.aio.config import kube_config  # noqa: PLC0415 - see above

    kube_config._cleanup_temp_files()  # type: ignore[no-untyped-call]  # noqa: SLF001 - it has no other way


def _tls(configuration: Configuration) -> ssl.SSLContext | None:
    if not configuration.host.startswith("https:"):
        return None
    context = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.expected = configuration.tls_server_name
    # Certificates of clusters often lack the key identifiers that Python demands from 3.13 on.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if configuration.ssl_ca_cert:
        context.load_verify_locations(cafile=configuration.ssl_ca_cert)
    else:
        context.load_default_certs()
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    if not configuration.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
