"""When and how long to wait before a failed call is repeated. Pure."""

from __future__ import annotations

import random

from foregsyte._failures import ForegSyteError
from foregsyte.options import ClientOptions

_DEFECTS = ("INTERNAL", "UNKNOWN", "CANCELLED")


def delay(failures: int, options: ClientOptions, asked: float | None) -> float:
    """Returns the delay after consecutive failures: exponential with full jitter, at least what the server asked for.

    Args:
        failures: Consecutive failed attempts, from 1.
        options: Options of the client.
        asked: Delay in the server's RetryInfo.
    """
    ceiling = min(options.retry_max_delay, options.retry_base_delay * 2 ** min(failures - 1, 30))
    return max(random.uniform(0, ceiling), asked or 0.0)


def is_outage_of_part(failure: ForegSyteError) -> bool:
    """Whether a part failed because the server is away or busy, so that it is sent again for max_outage."""
    return (
        failure.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED")
        or failure.reason == "UPLOAD_BUSY"
        or failure.retry_after is not None
    )


def is_defect_of_part(failure: ForegSyteError) -> bool:
    """Whether a part failed by a defect or on the network, so that it is sent again max_attempts times.

    Sending a part twice is harmless, so more failures are retried than of other calls.
    """
    return failure.reason == "PART_CHECKSUM_MISMATCH" or failure.code in _DEFECTS
