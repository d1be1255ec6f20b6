"""The operator process: settings, logs, signals; everything else is put together elsewhere."""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
import sys
from contextlib import aclosing
from dataclasses import fields
from importlib.metadata import version
from urllib.parse import urlsplit

import structlog

from slipway.assembly import assemble
from slipway.clock import Clock, SystemClock
from slipway.engine.elector import Elector, renewal_timeout
from slipway.engine.fence import Fence
from slipway.http import EgressPolicy
from slipway.kinds.factory import build_kinds, watched_kinds
from slipway.kinds.outside import Outside
from slipway.kube.client import KubeClient
from slipway.kube.lease import KubeLease
from slipway.kube.pod import default_identity, default_namespace
from slipway.logs import configure_logs
from slipway.redact import redact
from slipway.settings import PREFIX, Settings, SettingsError

__all__ = ["main", "run"]


async def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT."""
    stop, loop, clock = asyncio.Event(), asyncio.get_running_loop(), SystemClock()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    fence = Fence(clock, settings.lease_duration.total_seconds())
    async with (
        await KubeClient.connect(settings.kubeconfig, fence=fence) as kube,
        KubeClient(kube.connection) as unfenced,
        aclosing(_outside(settings, kube, fence, clock)) as outside,
    ):
        operator = assemble(
            settings,
            kube,
            watched_kinds(),
            lambda store, children: build_kinds(outside.context(kube, children, store)),
            clock,
            election=_elector(settings, unfenced, fence, clock),
        )
        await operator.run(stop)


def _outside(settings: Settings, kube: KubeClient, fence: Fence, clock: Clock) -> Outside:
    """The ways out; what a user writes into a URL must not reach the API server's own address."""
    server = urlsplit(kube.connection.server).netloc
    policy = EgressPolicy(allow=settings.egress_allow, deny=(server,))
    return Outside.open(settings, policy, clock, fence=fence, environment=os.environ)


def _elector(settings: Settings, kube: KubeClient, fence: Fence, clock: Clock) -> Elector:
    """What gets the Lease. The namespace of this pod need not exist in the cluster of a kubeconfig."""
    elsewhere = settings.kubeconfig is not None or bool(os.environ.get("KUBECONFIG"))
    own = "default" if elsewhere else default_namespace()
    lease = KubeLease(kube, settings.lease_namespace or own, timeout=renewal_timeout(fence.duration))
    return Elector(lease, settings.identity or default_identity(os.environ), fence, clock)


def main() -> int:
    """Run the operator; the exit code is 0 after a stop that was asked for."""
    _parser().parse_args()
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201  # there are no logs yet
        return 2
    configure_logs(settings.log_level, settings.log_format)
    # Imports stay for good: with Python's own settings a tenth of all CPU goes into looking at them again.
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    try:
        asyncio.run(run(settings))
    except Exception as error:  # noqa: BLE001  # the last line of the log says what ended the process
        structlog.get_logger("slipway").error("Ended", error=redact(repr(error)))
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    variables = "\n".join(f"  {PREFIX}{field.name.upper()}" for field in fields(Settings))
    parser = argparse.ArgumentParser(
        prog="python -m slipway",
        description="Runs the Slipway operator until SIGTERM or SIGINT.",
        epilog=f"Settings are environment variables:\n{variables}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=version("slipway"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
