"""Unary calls with one deadline over all attempts."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc

from foregsyte._channels import Address, Credentials
from foregsyte._failures import ForegSyteError, translate
from foregsyte._retries import delay
from foregsyte._runtime_async import open_channel, sleep
from foregsyte.options import ClientOptions
from foregsyte.v1 import job_service_pb2_grpc, search_service_pb2_grpc, upload_service_pb2_grpc


def check_timeout(timeout: float | None) -> None:
    """Checks a timeout of a caller.

    Raises:
        ValueError: The timeout is not greater than 0.
    """
    if timeout is not None and not timeout > 0:
        raise ValueError(f"timeout must be greater than 0 s, not {timeout}.")


def time_limit_of(timeout: float | None, default: float) -> float:
    """Returns a timeout of a caller, checked; the default if it is None."""
    check_timeout(timeout)
    return default if timeout is None else timeout


class Calls:
    """Makes calls, and repeats them while the server is UNAVAILABLE.

    gRPC's own retries stop at large requests and ignore RetryInfo. Only idempotent calls are repeated: reads,
    submissions with a request_id, and changes of a job that have no effect the second time.
    """

    def __init__(self, address: Address, credentials: Credentials, options: ClientOptions) -> None:
        """Opens a channel, which connects with its first call."""
        self.address, self._credentials, self.options = address, credentials, options
        self.channel = open_channel(address, credentials, options)
        self.jobs: Any = job_service_pb2_grpc.JobServiceStub(self.channel)
        self.uploads: Any = upload_service_pb2_grpc.UploadServiceStub(self.channel)
        self.search: Any = search_service_pb2_grpc.SearchServiceStub(self.channel)

    async def run(
        self,
        call: Any,
        request: Any,
        time_limit: float,
        is_busy: Callable[[ForegSyteError], bool] = lambda failure: False,
    ) -> Any:
        """Makes a call until it succeeds.

        Args:
            call: Method of a stub.
            request: Its request.
            time_limit: Time for all attempts and the delays between them.
            is_busy: Whether a failure means that a healthy server is busy; then the call is repeated until the time
                limit.
        """
        ends = time.monotonic() + time_limit
        # Each counts consecutive failures: one kind resets the other.
        unavailable = busy = 0
        while True:
            try:
                return await self.once(call, request, max(ends - time.monotonic(), 0.001))
            except ForegSyteError as failure:
                if failure.code == "UNAVAILABLE":
                    unavailable, busy = unavailable + 1, 0
                elif is_busy(failure):
                    unavailable, busy = 0, busy + 1
                else:
                    raise
                wait = delay(max(unavailable, busy), self.options, failure.retry_after)
                if unavailable >= self.options.max_attempts or time.monotonic() + wait >= ends:
                    raise
            await sleep(wait)

    async def once(self, call: Any, request: Any, time_limit: float) -> Any:
        """Makes a call once."""
        try:
            return await call(request, timeout=time_limit, metadata=self._credentials.metadata())
        except grpc.RpcError as failure:
            raise translate(failure, self.address.text) from failure

    async def pages(self, call: Any, request: Any, timeout: float | None) -> AsyncIterator[Any]:
        """Yields the pages of a list. Only an empty token marks the last page."""
        time_limit = time_limit_of(timeout, self.options.read_deadline)
        while True:
            page = await self.run(call, request, time_limit)
            yield page
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token
