"""The loop of a command."""

import asyncio

import pytest

from aumdoctor.azure.loop import run


class Large:
    asked = False

    def __repr__(self) -> str:
        self.asked = True
        return "…"


def test_what_was_read_is_not_put_into_words_when_the_loop_ends() -> None:
    async def read() -> Large:
        await asyncio.sleep(0)
        return Large()

    assert not run(read()).asked


def test_an_error_comes_as_it_is() -> None:
    async def fail() -> None:
        raise ValueError("as it is")

    with pytest.raises(ValueError, match="as it is"):
        run(fail())
