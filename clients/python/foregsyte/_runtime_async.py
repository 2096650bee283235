"""What asyncio does differently from threads. _runtime_sync has the same functions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import grpc.aio

from foregsyte._channels import Address, Credentials, arguments
from foregsyte.options import ClientOptions

_Result = TypeVar("_Result")


def open_channel(address: Address, credentials: Credentials, options: ClientOptions) -> Any:
    """Opens a channel, which connects with its first call."""
    if credentials.channel is None:
        return grpc.aio.insecure_channel(address.target, arguments(address, options))
    return grpc.aio.secure_channel(address.target, credentials.channel, arguments(address, options))


async def sleep(seconds: float) -> None:
    """Waits."""
    await asyncio.sleep(seconds)


async def in_thread(function: Callable[..., _Result], *arguments: Any) -> _Result:
    """Runs a function that reads files, without blocking other tasks."""
    return await asyncio.to_thread(function, *arguments)


async def send_parts(
    parts: Iterator[tuple[int, int]],
    read: Callable[[int, int], bytes],
    send: Callable[[int, bytes], Awaitable[None]],
    sent: Callable[[int], None],
    parallel: int,
) -> None:
    """Reads parts in order and sends them in parallel. The first failure cancels the others.

    Args:
        parts: Offset and length of each part.
        read: Reads a part.
        send: Sends a part.
        sent: Receives the length of each part that was sent.
        parallel: Number of parts in memory.
    """
    running: dict[asyncio.Task[None], int] = {}

    async def finish_one() -> None:
        done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            length = running.pop(task)
            task.result()
            sent(length)

    try:
        for offset, length in parts:
            data = await asyncio.to_thread(read, offset, length)
            running[asyncio.ensure_future(send(offset, data))] = length
            del data
            if len(running) >= parallel:
                await finish_one()
        while running:
            await finish_one()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
