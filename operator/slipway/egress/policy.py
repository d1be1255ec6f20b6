"""Which hosts and addresses may be called: pure rules, asked by `http.py` for every hop.

Three circles:

- link-local and cloud metadata addresses are refused always, whatever an allow-list says;
- loopback, the API server, cluster-internal names and plain http are refused unless the allow-list names
  them;
- everything else is allowed.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

__all__ = ["LIBRARY_POLICY", "Address", "EgressPolicy", "literal_address"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_FORBIDDEN: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(network)
    for network in (
        "169.254.0.0/16",  # link-local; AWS, Azure, GCP, OpenStack metadata
        "fe80::/10",  # link-local
        "fd00:ec2::/32",  # AWS metadata and time over IPv6
        "fd20:ce::254/128",  # GCP metadata over IPv6
        "100.100.100.200/32",  # Alibaba Cloud metadata
        "192.0.0.192/32",  # Oracle Cloud metadata
        "168.63.129.16/32",  # Azure wire server
        "224.0.0.0/4",  # multicast
        "ff00::/8",  # multicast
        "255.255.255.255/32",  # broadcast
    )
)
_LOOPBACK: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(network)
    for network in ("127.0.0.0/8", "::1/128", "0.0.0.0/8", "::/128")  # connect() to 0.0.0.0 reaches loopback
)
_NAT64: Final = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))


@dataclass(frozen=True, slots=True)
class EgressPolicy:
    """What the operator may call.

    Example:
        >>> EgressPolicy(allow=("127.0.0.1:5000",)).refusal_of_url("http", "127.0.0.1", 5000) is None
        True
    """

    allow: tuple[str, ...] = ()
    """Exceptions: a host, `host:port`, `host:*` (any port, as a bare host) or a CIDR."""

    deny: tuple[str, ...] = ()
    """The API server's own hosts and addresses, written as in `allow`. With a port, only an `allow` entry
    with the same port lifts it."""

    namespace: str | None = None
    """Services of this namespace are no strangers: the namespace of the object that names the URL."""

    cluster_domain: str = "cluster.local"
    """The DNS domain of the cluster."""

    internal: bool = False
    """True applies only the rule about link-local and metadata addresses, as a library does."""

    def within(self, namespace: str) -> EgressPolicy:
        """The same policy for an object of this namespace."""
        return replace(self, namespace=namespace)

    def refusal_of_url(self, scheme: str, host: str, port: int) -> str | None:
        """Why this URL must not be called, judged by its parts alone; None when it may be resolved.

        Args:
            scheme: "http" or "https".
            host: The name or address in lower case, without brackets.
            port: The port that would be connected to.
        """
        address = literal_address(host)
        if address is not None:
            refusal = self.refusal_of_address(host, port, str(address))
            if refusal is not None:
                return refusal
        if self.internal or self._allows(host, port, address):
            return None
        if scheme == "http":
            return f"plain http goes to few hosts: {_missing(host, port)}"
        if address is None and self.is_cluster_name(host) and not self._is_of_namespace(host):
            return f"{host} is a name inside the cluster: {_missing(host, port)}"
        return None

    def refusal_of_address(self, host: str, port: int, address: str) -> str | None:
        """Why the host must not be called at this address, to which it resolved; None when it may."""
        candidates = _readings(ipaddress.ip_address(address))
        if any(_within(candidate, _FORBIDDEN) for candidate in candidates):
            return f"{_shown(host, address)} is a link-local or metadata address, which is never called"
        if self.internal:
            return None
        if self._is_denied(host, port, candidates):
            return f"{_shown(host, address)} belongs to the API server"
        if any(_within(candidate, _LOOPBACK) for candidate in candidates) and not any(
            self._allows(host, port, candidate) for candidate in candidates
        ):
            return f"{_shown(host, address)} is a loopback address: {_missing(host, port)}"
        return None

    def name_to_resolve(self, host: str, port: int) -> str:
        """The host as the resolver must be asked.

        A trailing dot keeps the resolver from trying the cluster's search domains, in which `registry.other`
        would be a Service of the namespace `other`. Names of the allow-list are resolved as they are.
        """
        if self.internal or literal_address(host) is not None or self._allows(host, port, None):
            return host
        return host.rstrip(".") + "."

    def _allows(self, host: str, port: int, address: Address | None) -> bool:
        return any(_matches(_entry(text), host, port, address) for text in self.allow)

    def _is_denied(self, host: str, port: int, addresses: tuple[Address, ...]) -> bool:
        for entry in map(_entry, self.deny):
            if not any(_matches(entry, host, port, address) for address in addresses):
                continue
            lifted = any(
                _matches(exception, host, port, address)
                for exception in map(_entry, self.allow)
                if exception.port is not None or entry.port is None
                for address in addresses
            )
            if not lifted:
                return True
        return False

    def is_cluster_name(self, host: str) -> bool:
        """Whether the name is one of cluster DNS, or could become one through its search domains."""
        name = host.rstrip(".").lower()
        return (
            "." not in name
            or name.endswith((".svc", f".{self.cluster_domain}"))
            or name == self.cluster_domain
        )

    def _is_of_namespace(self, host: str) -> bool:
        """Whether it is `<anything>.<our namespace>.svc`, with or without the cluster's domain."""
        labels = host.rstrip(".").lower().removesuffix(f".{self.cluster_domain}").split(".")
        return len(labels) >= 3 and labels[-1] == "svc" and labels[-2] == self.namespace


LIBRARY_POLICY: Final = EgressPolicy(internal=True)
"""What a client applies that got no policy: only link-local and metadata addresses are refused."""


@dataclass(frozen=True, slots=True)
class _Entry:
    host: str | None
    network: Network | None
    port: int | None


@lru_cache(maxsize=1024)
def _entry(text: str) -> _Entry:
    host, port = _split_port(text.strip().lower())
    try:
        return _Entry(host=None, network=ipaddress.ip_network(host, strict=False), port=port)
    except ValueError:
        return _Entry(host=host.rstrip("."), network=None, port=port)


def _split_port(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        return host, _port(rest.removeprefix(":"))
    if text.count(":") == 1:
        host, _, port = text.partition(":")
        return host, _port(port)
    return text, None


def _port(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _matches(entry: _Entry, host: str, port: int, address: Address | None) -> bool:
    if entry.port is not None and entry.port != port:
        return False
    if entry.network is not None:
        return address is not None and _within(address, (entry.network,))
    return entry.host == host.rstrip(".").lower()


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _readings(address: Address) -> tuple[Address, ...]:
    """The address, and the IPv4 address that is packed into it in one of the ways packets are translated."""
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    packed = [address.ipv4_mapped, address.sixtofour]
    packed.extend(address.teredo or ())
    low = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if any(address in network for network in _NAT64) or 1 < int(address) <= 0xFFFFFFFF:
        packed.append(low)
    return (address, *(one for one in packed if one is not None))


@lru_cache(maxsize=1024)
def literal_address(host: str) -> Address | None:
    """The address that a host written as an address means, in any notation a resolver takes: `127.1`,
    `0x7f000001`.

    None when the host is a name.
    """
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    # Only digits, hexadecimal digits, dots and x can be an odd IPv4 notation; inet_aton alone accepts
    # trailing words.
    if not host or not host[0].isdigit() or set(host.lower()) - set("0123456789abcdefx."):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _missing(host: str, port: int) -> str:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"the operator's setting SLIPWAY_EGRESS_ALLOW does not name {place}"


def _shown(host: str, address: str) -> str:
    return host if host == address else f"{host} ({address})"
