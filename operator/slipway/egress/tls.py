"""TLS contexts: whom a client trusts and what it shows of itself."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import certifi

__all__ = ["ClientCertificate", "InvalidCertificate", "Verify", "tls_context"]

Verify = bool | str | Path | ssl.SSLContext
"""True: the system's authorities. False: nobody is checked. A path: the authorities in that file, too.
A context: used as it is."""


class InvalidCertificate(ValueError):  # noqa: N818 - it says what happened
    """A certificate or key is not PEM, or the two do not belong together."""


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """What a client shows a server that asks who it is, PEM encoded."""

    certificate: bytes
    key: bytes = field(repr=False)


def tls_context(
    verify: Verify = True, authorities: bytes | None = None, client: ClientCertificate | None = None
) -> ssl.SSLContext:
    """A context for client connections. Reading the system's authorities takes about 50 ms of CPU: use a
    thread.

    Args:
        verify: See `Verify`.
        authorities: PEM certificates trusted beside the system's (a private authority in front of storage on
            a public host is common, so the system's stay).
        client: The certificate shown to servers that ask for one.

    Raises:
        InvalidCertificate: with a sentence that says which part is wrong.
    """
    if isinstance(verify, ssl.SSLContext):
        return verify
    if verify is True and authorities is None and client is None:
        return _system_context()
    context = _context(verify)
    if authorities is not None:
        _trust(context, authorities)
    if client is not None:
        _show(context, client)
    return context


@lru_cache(maxsize=1)
def _system_context() -> ssl.SSLContext:
    return _context(verify=True)


def _context(verify: bool | str | Path) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not context.get_ca_certs():  # slim images come without a system store
        context.load_verify_locations(certifi.where())
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif not isinstance(verify, bool):
        _trust(context, _authorities_in(Path(verify)))
    return context


def _authorities_in(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        msg = f"the certificate authorities in {file} cannot be read: {error.strerror or error}"
        raise InvalidCertificate(msg) from error


def _trust(context: ssl.SSLContext, authorities: bytes) -> None:
    try:
        context.load_verify_locations(cadata=authorities.decode("ascii"))
    except (ssl.SSLError, UnicodeDecodeError, ValueError) as error:
        msg = "the certificate authority (ca.crt) is not a list of PEM certificates"
        raise InvalidCertificate(msg) from error


def _show(context: ssl.SSLContext, client: ClientCertificate) -> None:
    with _memory_file(client.certificate) as certificate, _memory_file(client.key) as key:
        try:
            context.load_cert_chain(certificate, key, password=lambda: b"")
        except (ssl.SSLError, OSError, ValueError) as error:
            msg = "the client certificate (tls.crt) and key (tls.key) are not PEM, or do not belong together"
            raise InvalidCertificate(msg) from error


@contextmanager
def _memory_file(content: bytes) -> Iterator[str]:
    """A path with this content that never touches a disk: OpenSSL takes keys only from files."""
    descriptor = os.memfd_create("slipway", os.MFD_CLOEXEC)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
