"""Rebase: an image moves to a new base in the registry alone, by new documents around the same layers.

image = await load_image(places.source, "1.4.0")                       # the source build
old = await find_old_base(image, places.base, digests_seen)            # from its label, or by diff IDs
order = RebaseOrder(image.digest, old.digest, new_digest, "registry.example.com/base/python:3.12")
plan = await prepare(order, places)                                    # RebasePlan | Refusal, nothing written
digest = await publish(plan, places, "1.4.0-7", ["latest"])            # blobs, manifests, and last the tag
doubt = await verify_adopted(places.target, digest, places.base, order.new_base_digest)   # of `evidence`
"""

from slipway.build.rebase.execute import RebaseOrder, TagTakenError, prepare, publish
from slipway.build.rebase.floating import point_tags
from slipway.build.rebase.image import Image
from slipway.build.rebase.load import find_old_base, load_image
from slipway.build.rebase.place import Place, Places, RegistryApi
from slipway.build.rebase.plan import RebasePlan, plan_rebase, rebase_source
from slipway.build.rebase.refusal import RebaseRefusedError, Refusal, RefusalReason

__all__ = [
    "Image",
    "Place",
    "Places",
    "RebaseOrder",
    "RebasePlan",
    "RebaseRefusedError",
    "Refusal",
    "RefusalReason",
    "RegistryApi",
    "TagTakenError",
    "find_old_base",
    "load_image",
    "plan_rebase",
    "point_tags",
    "prepare",
    "publish",
    "rebase_source",
]
