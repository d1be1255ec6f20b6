"""The arguments that are there without ARG: what is built for, and what is built on.

See "Automatic platform ARGs in the global scope" in https://docs.docker.com/reference/dockerfile/.
"""

from __future__ import annotations

from slipway.oci.platform import Platform

__all__ = ["predefined_arguments"]

_UNNAMED = "default"
"""What TARGETSTAGE is where the target has no name."""


def predefined_arguments(platform: str, build_platform: str, target: str) -> dict[str, str]:
    """Names and values.

    Args:
        platform: what the image is for, such as `linux/arm/v7`.
        build_platform: what the builder runs on.
        target: the name of the stage that is built, or nothing.

    Raises:
        InvalidReference: when one of them is no platform.
    """
    return {
        "TARGETSTAGE": target or _UNNAMED,
        **_arguments("TARGET", platform),
        **_arguments("BUILD", build_platform),
    }


def _arguments(prefix: str, text: str) -> dict[str, str]:
    platform = Platform.parse(text)
    return {
        f"{prefix}PLATFORM": text,
        f"{prefix}OS": platform.os,
        f"{prefix}OSVERSION": "",
        f"{prefix}ARCH": platform.architecture,
        f"{prefix}VARIANT": platform.variant or "",
    }
