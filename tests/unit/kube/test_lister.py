from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from slipway.engine.resync import Expired
from slipway.kube.client import KubeClient, ListPage
from slipway.kube.errors import Gone
from slipway.kube.lister import KubeLister
from slipway.kube.resources import WAREHOUSES
from tests.support.spine import WATCHED


class ExpiringClient:
    """What a client does whose listing is compacted away after its first page."""

    async def pages(self, *_: Any, **__: Any) -> AsyncIterator[ListPage]:
        """One page, and no second one."""
        yield ListPage([], "7")
        msg = "too old"
        raise Gone(msg, status=410)


async def test_a_listing_that_cannot_go_on_counts_for_nothing() -> None:
    """The resync begins it anew; what it has seen of the first pages is no whole picture."""
    lister = KubeLister(cast("KubeClient", ExpiringClient()), WATCHED)
    pages = lister.pages(WAREHOUSES.key_kind)

    assert (await anext(pages)).resource_version == 7
    with pytest.raises(Expired):
        await anext(pages)
