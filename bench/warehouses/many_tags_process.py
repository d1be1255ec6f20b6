"""The process of `bench.warehouses.many_tags`: `many_tags_process.py PORT COUNT`; all tags name one image."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys
from bisect import bisect_right
from urllib.parse import quote

from aiohttp import web

from bench.warehouses.many_tags import REPOSITORY, names
from bench.warehouses.remote import MANIFEST

__all__ = ["main"]

_CONFIG = json.dumps({"architecture": "amd64", "os": "linux", "created": "2026-01-01T00:00:00Z"}).encode()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _manifest() -> bytes:
    media_type = "application/vnd.oci.image.config.v1+json"
    config = {"mediaType": media_type, "digest": _digest(_CONFIG), "size": len(_CONFIG)}
    return json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}).encode()


def _application(tags: list[str]) -> web.Application:
    manifest = _manifest()

    async def base(_: web.Request) -> web.Response:
        return web.json_response({})

    async def listed(request: web.Request) -> web.Response:
        size = int(request.query.get("n", "100"))
        begin = bisect_right(tags, request.query.get("last", ""))
        page = tags[begin : begin + size]
        following = f"/v2/{REPOSITORY}/tags/list?last={quote(page[-1])}&n={size}" if page else ""
        more = begin + size < len(tags)
        headers = {"Link": f'<{following}>; rel="next"'} if more else {}
        return web.json_response({"name": REPOSITORY, "tags": page}, headers=headers)

    async def manifested(_: web.Request) -> web.Response:
        headers = {"Docker-Content-Digest": _digest(manifest)}
        return web.Response(body=manifest, content_type=MANIFEST, headers=headers)

    async def configured(_: web.Request) -> web.Response:
        return web.Response(body=_CONFIG, content_type="application/octet-stream")

    application = web.Application()
    application.router.add_get("/v2/", base)
    application.router.add_get(f"/v2/{REPOSITORY}/tags/list", listed)
    application.router.add_get(f"/v2/{REPOSITORY}/manifests/{{reference}}", manifested)
    application.router.add_get(f"/v2/{REPOSITORY}/blobs/{{digest}}", configured)
    return application


async def _serve(port: int, count: int) -> None:
    runner = web.AppRunner(_application(list(names(count))), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


def main() -> None:
    """Serve until killed."""
    asyncio.run(_serve(*map(int, sys.argv[1:])))


if __name__ == "__main__":
    main()
