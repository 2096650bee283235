"""What threads do differently from asyncio. _runtime_async has the same functions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

import grpc

from foregsyte._channels import Address, Credentials, arguments
from foregsyte.options import ClientOptions

_Result = TypeVar("_Result")


def open_channel(address: Address, credentials: Credentials, options: ClientOptions) -> Any:
    """Opens a channel, which connects with its first call."""
    if credentials.channel is None:
        return grpc.insecure_channel(address.target, arguments(address, options))
    return grpc.secure_channel(address.target, credentials.channel, arguments(address, options))


def sleep(seconds: float) -> None:
    """Waits."""
    time.sleep(seconds)


def in_thread(function: Callable[..., _Result], *arguments: Any) -> _Result:
    """Runs a function that reads files."""
    return function(*arguments)


def send_parts(
    parts: Iterator[tuple[int, int]],
    read: Callable[[int, int], bytes],
    send: Callable[[int, bytes], None],
    sent: Callable[[int], None],
    parallel: int,
) -> None:
    """Reads parts in order and sends them in parallel. After a failure no further part is sent.

    Args:
        parts: Offset and length of each part.
        read: Reads a part.
        send: Sends a part.
        sent: Receives the length of each part that was sent.
        parallel: Number of parts in memory.
    """
    running: dict[Future[None], int] = {}

    def finish_one() -> None:
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            length = running.pop(future)
            future.result()
            sent(length)

    threads = ThreadPoolExecutor(parallel, thread_name_prefix="foregsyte-upload")
    try:
        for offset, length in parts:
            running[threads.submit(send, offset, read(offset, length))] = length
            if len(running) >= parallel:
                finish_one()
        while running:
            finish_one()
    finally:
        # After a failure or Ctrl-C, parts on their way still arrive or fail; nobody waits for them.
        threads.shutdown(wait=False, cancel_futures=True)
