"""Waiting that is shared by all workers."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from aumdoctor.azure.limiter import Limiter, backoff, retry_after
from aumdoctor.azure.session import limiter_key

KEY = ("s", "arm")


async def waited(limiter: Limiter, key: tuple[str, str] = KEY) -> float:
    loop = asyncio.get_running_loop()
    start = loop.time()
    await limiter.turn(key)
    return loop.time() - start


async def test_one_refusal_holds_back_every_worker_of_the_class_and_no_other() -> None:
    limiter = Limiter(lambda _seconds, _key: None)
    limiter.hold(KEY, 0.2)
    mine, other = await asyncio.gather(waited(limiter), waited(limiter, ("t", "arm")))
    assert mine >= 0.19
    assert other < 0.1


async def test_a_nearly_empty_bucket_spaces_requests_to_its_refill() -> None:
    limiter = Limiter(lambda _seconds, _key: None)
    limiter.learn(KEY, {"x-ms-ratelimit-remaining-subscription-reads": "3"})
    await asyncio.gather(*(limiter.turn(KEY) for _ in range(5)))
    assert await waited(limiter) > 0.02
    limiter.learn(KEY, {"x-ms-ratelimit-remaining-subscription-reads": "200"})
    await asyncio.sleep(0.1)
    assert await waited(limiter) < 0.02


async def test_the_resource_providers_own_bucket_counts_too() -> None:
    limiter = Limiter(lambda _seconds, _key: None)
    headers = {
        "x-ms-ratelimit-remaining-subscription-reads": "240",
        "x-ms-ratelimit-remaining-resource": "Microsoft.Compute/LowCostGet3Min;2,Microsoft.Compute/LowCostGet30Min;900",
    }
    limiter.learn(KEY, headers)
    await limiter.turn(KEY)
    assert await waited(limiter) > 0.02


async def test_the_graphs_quota_rests_until_it_resets_and_says_so() -> None:
    heard: list[tuple[float, tuple[str, str]]] = []
    limiter = Limiter(lambda seconds, key: heard.append((seconds, key)))
    key = ("tenant", "graph")
    limiter.learn(key, {"x-ms-user-quota-remaining": "0", "x-ms-user-quota-resets-after": "00:00:01"})
    assert await waited(limiter, key) >= 0.99
    assert heard
    assert heard[0][1] == key


def test_every_form_of_retry_after_is_understood() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert retry_after({"Retry-After": "7"}) == 7
    assert retry_after({"retry-after-ms": "1500", "Retry-After": "9"}) == 1.5
    assert retry_after({"x-ms-retry-after-ms": "250"}) == 0.25
    assert retry_after({"Retry-After": soon}) == pytest.approx(30, abs=2)
    assert retry_after({"Retry-After": "soon"}) is None
    assert retry_after({}) is None


def test_backoff_grows_and_is_capped() -> None:
    assert all(0.25 <= backoff(0) <= 0.5 for _ in range(20))
    assert all(15 <= backoff(12) <= 30 for _ in range(20))


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://h/providers/Microsoft.ResourceGraph/resources?api-version=1", ("tenant", "graph")),
        ("https://h/subscriptions?api-version=1", ("tenant", "arm")),
        ("https://h/subscriptions/AB/providers/Microsoft.Compute/virtualMachines", ("ab", "compute")),
        ("https://h/subscriptions/AB/providers/Microsoft.Maintenance/x", ("ab", "arm")),
    ],
)
def test_each_request_draws_from_its_own_bucket(url: str, key: tuple[str, str]) -> None:
    assert limiter_key(url) == key
