"""A registry that does wrong whatever registries can do wrong, when a test tells it to.

```python
with FaultyRegistry() as registry:
    registry.shelf.put("shop/api", "1.0", stored_image("first"))
    ...  # it behaves: lists, pages, HEAD, GET, blobs
    registry.play(rate_limited("120"), on=Endpoint.LIST)
    ...  # its lists get 429, everything else still works
    registry.play(status(503), on=Endpoint.MANIFEST_HEAD, times=2)
    registry.heal()
    registry.refuse()  # nobody listens any more, until reopen()
    registry.targets(Endpoint.LIST)  # what was asked, as `GET /v2/shop/api/tags/list?n=1000`
```

It runs in a thread of its own, so that blocking tests, asyncio tests and an operator in another process can
all use it. `answers.py` has what can be wrong with one answer, `listings.py` with a list of tags.
"""

from __future__ import annotations

from dev.endpoints import Endpoint
from tests.support.faults.answers import (
    Endless,
    chunked,
    deep_nesting,
    garbage_json,
    gzip_bomb,
    hang,
    html_page,
    rate_limited,
    redirect_loop,
    short_read,
    slow_loris,
    status,
    wrong_content_type,
)
from tests.support.faults.listings import (
    another_host,
    many_tags,
    page_two,
    same_page_for_ever,
    two_pages_in_a_circle,
)
from tests.support.faults.manifests import always_new, moving_between_head_and_get, other_content
from tests.support.faults.registry import Answer, Fault, FaultyRegistry
from tests.support.faults.shelf import Shelf, StoredImage, stored_image

__all__ = [
    "Answer",
    "Endless",
    "Endpoint",
    "Fault",
    "FaultyRegistry",
    "Shelf",
    "StoredImage",
    "always_new",
    "another_host",
    "chunked",
    "deep_nesting",
    "garbage_json",
    "gzip_bomb",
    "hang",
    "html_page",
    "many_tags",
    "moving_between_head_and_get",
    "other_content",
    "page_two",
    "rate_limited",
    "redirect_loop",
    "same_page_for_ever",
    "short_read",
    "slow_loris",
    "status",
    "stored_image",
    "two_pages_in_a_circle",
    "wrong_content_type",
]
