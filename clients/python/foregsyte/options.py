"""Options of a client."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

_MIB = 1024 * 1024


@dataclass(frozen=True)
class ClientOptions:
    """Limits and deadlines of a client. Times are in seconds, sizes in bytes."""

    read_deadline: float = 30.0
    """Deadline of a call that reads, including retries."""

    control_deadline: float = 30.0
    """Deadline of a call that changes a job or the server, including retries."""

    submit_deadline: float = 300.0
    """Deadline of a submission inside a message or of an earlier job's video, including retries: enough for 32 MiB at
    1 Mbit/s."""

    fetch_deadline: float = 3600.0
    """Deadline of a submission by URI: the server answers after it has fetched the whole video."""

    completion_deadline: float = 3600.0
    """Deadline of the submission at the end of an upload: the server may read the whole video first."""

    long_poll_timeout: float = 30.0
    """Time that one WaitJob call asks the server to wait for a change; the server limits it to 60 s."""

    long_poll_grace: float = 10.0
    """Time that the deadline of a WaitJob call adds to long_poll_timeout."""

    follow_timeout: float = 86400.0
    """Time limit of wait and follow whose caller gives none."""

    max_outage: float = 120.0
    """Longest outage of the server that wait, follow and an upload survive. The default covers a restart."""

    max_attempts: int = 5
    """Maximum number of attempts of a call that returns UNAVAILABLE, 1 to 20."""

    retry_base_delay: float = 0.2
    """Longest delay before the first retry. It doubles with each further retry; the actual delay is random."""

    retry_max_delay: float = 5.0
    """Longest delay between retries, unless the server asks for more."""

    connect_timeout: float = 10.0
    """Timeout of a connection attempt."""

    max_message_bytes: int = 40 * _MIB
    """Maximum size of a message, sent or received."""

    max_inline_bytes: int = 32 * _MIB
    """Maximum size of a video sent inside a message. The server's limit is Submit:MaxInlineBytes."""

    part_bytes: int = 2 * _MIB
    """Size of the parts of an upload, 1 KiB to 8 MiB; the server may lower it."""

    parallel_parts: int = 4
    """Number of parts sent in parallel, 1 to 32. An upload keeps this many parts in memory."""

    part_deadline: float = 120.0
    """Deadline of one attempt to send a part."""

    def __post_init__(self) -> None:
        """Checks every option.

        Raises:
            ValueError: An option is out of range; the message names it.
        """
        for field in dataclasses.fields(self):
            name, value = field.name, getattr(self, field.name)
            low, high = _RANGES.get(name, (0.001, None))
            if value < low or (high is not None and value > high):
                allowed = f"at least {low}" if high is None else f"between {low} and {high}"
                raise ValueError(f"{name} must be {allowed}, not {value}.")
        if self.retry_max_delay < self.retry_base_delay:
            raise ValueError(f"retry_max_delay must be at least retry_base_delay ({self.retry_base_delay}).")
        if self.max_message_bytes <= max(self.max_inline_bytes, self.part_bytes + 1024):
            raise ValueError("max_message_bytes must be greater than max_inline_bytes and than part_bytes + 1024.")


_RANGES: dict[str, tuple[float, float | None]] = {
    "max_attempts": (1, 20),
    "max_outage": (0, None),
    "max_message_bytes": (1, 2**31 - 1),
    "max_inline_bytes": (1, 2**31 - 2),
    "part_bytes": (1024, 8 * _MIB),
    "parallel_parts": (1, 32),
}
