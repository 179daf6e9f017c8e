"""Marketplace images: on which of them Azure Update Manager works, and on which Azure patches by itself.

Both lists lag behind what works, so that an image that they do not name is unknown (None), never unsupported.
"""

from __future__ import annotations

from collections import defaultdict
from fnmatch import fnmatchcase
from functools import cache, lru_cache

import msgspec

from aumdoctor.knowledge.dated import Dated, load


class PlatformPatchingImages(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The SKUs of an offer on which automatic VM guest patching works."""

    publisher: str
    offer: str
    skus: tuple[str, ...]


class MarketplaceImages(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The SKUs of an offer that Azure Update Manager supports and does not, as patterns; `offer` is a pattern too."""

    publisher: str
    offer: str
    supported: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()


@cache
def platform_patching_images() -> Dated[PlatformPatchingImages]:
    """The list of images for automatic VM guest patching."""
    return load(
        "platform-patching-images.toml",
        PlatformPatchingImages,
        key=lambda row: (row.publisher.lower(), row.offer.lower()),
    )


@cache
def marketplace_images() -> Dated[MarketplaceImages]:
    """The support matrix of marketplace images."""
    return load("marketplace-images.toml", MarketplaceImages, key=lambda row: (row.publisher, row.offer))


@lru_cache(maxsize=4096)
def platform_patching_image(publisher: str | None, offer: str | None, sku: str | None) -> bool | None:
    """Whether Azure patches VMs of a marketplace image by itself.

    True where it is on the list, False where Azure Update Manager excludes the image altogether, None where nobody
    says. Custom and gallery images have no publisher: None here, though the documentation excludes them.
    """
    supported = supported_image(publisher, offer, sku)
    if supported is True:
        return True if _is_patched_by_platform(publisher, offer, sku) else None
    return supported


@lru_cache(maxsize=4096)
def supported_image(publisher: str | None, offer: str | None, sku: str | None) -> bool | None:
    """Whether Azure Update Manager works on demand and by schedule on VMs of a marketplace image: True where the
    matrix lists it or Azure patches it by itself, False where the matrix excludes it by name, None where neither speaks
    of it."""
    offer, sku = (offer or "").lower(), (sku or "").lower()
    rows = [row for row in _by_publisher().get((publisher or "").lower(), ()) if fnmatchcase(offer, row.offer)]
    if any(fnmatchcase(sku, pattern) for row in rows for pattern in row.unsupported):
        return False
    if any(fnmatchcase(sku, pattern) for row in rows for pattern in row.supported):
        return True
    return True if _is_patched_by_platform(publisher, offer, sku) else None


def knows_publisher(publisher: str | None) -> bool:
    """Whether the support matrix has any image of a publisher."""
    return (publisher or "").lower() in _by_publisher()


def _is_patched_by_platform(publisher: str | None, offer: str | None, sku: str | None) -> bool:
    return ((publisher or "").lower(), (offer or "").lower(), (sku or "").lower()) in _platform_patching()


@cache
def _platform_patching() -> frozenset[tuple[str, str, str]]:
    return frozenset(
        (row.publisher.lower(), row.offer.lower(), sku.lower())
        for row in platform_patching_images().rows
        for sku in row.skus
    )


@cache
def _by_publisher() -> dict[str, tuple[MarketplaceImages, ...]]:
    grouped: dict[str, list[MarketplaceImages]] = defaultdict(list)
    for row in marketplace_images().rows:
        grouped[row.publisher].append(row)
    return {publisher: tuple(rows) for publisher, rows in grouped.items()}
