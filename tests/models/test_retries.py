"""When a call that fails gives up, and when the whole run does."""

import asyncio

import pytest

from docpager.errors import EndpointDownError, UnreachableError
from docpager.models.openai.retries import Health, with_retries

PATIENCE = 0.6


async def refused() -> None:
    raise UnreachableError("no reply")


async def passed() -> None:
    """A call that succeeds."""


async def outcome(*successes_after: float) -> BaseException:
    """What ends a call that never gets a reply, while others succeed at these moments, seconds after its start."""
    health = Health("http://endpoint", PATIENCE)

    async def other(after: float) -> None:
        await asyncio.sleep(after)
        await with_retries(passed, health)

    with pytest.raises((UnreachableError, EndpointDownError)) as caught:
        await asyncio.gather(with_retries(refused, health), *map(other, successes_after))
    return caught.value


@pytest.mark.parametrize(
    ("successes_after", "ends_with"),
    [
        ((), EndpointDownError),
        ((0.1,), EndpointDownError),
        ((0.1, 0.2, 0.3, 0.4, 0.5), UnreachableError),
    ],
    ids=["nothing succeeds", "the last success came after its first failure", "others succeed all the while"],
)
def test_an_outage_is_no_fault_of_the_call_that_met_it_first(successes_after, ends_with):
    assert isinstance(asyncio.run(outcome(*successes_after)), ends_with)
