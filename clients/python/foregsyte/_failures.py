"""The exception of every failed call, and how it is made of gRPC's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from foregsyte._google.rpc import error_details_pb2, status_pb2

_DOMAIN = "foregsyte.dev"


@dataclass(frozen=True)
class FieldViolation:
    """An invalid field of a request."""

    field: str
    """Path of the field in the request, for example "options.frame_stride"."""

    description: str
    """What is wrong, and which values are allowed."""


class ForegSyteError(Exception):
    """A call failed: the server returned an error, or could not be reached.

    The subclasses in foregsyte.errors stand for the published reasons. A failed job is no exception: check its status.
    """

    is_retryable = False
    """Whether the same call may succeed later without any action, as published for the reason."""

    def __init__(
        self,
        message: str,
        *,
        code: str = "UNKNOWN",
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        field_violations: Sequence[FieldViolation] = (),
        retry_after: float | None = None,
    ) -> None:
        """Creates an error; public, so that tests can raise what a client raises."""
        super().__init__(message)
        self.message = message
        self.code = code
        """Name of the gRPC status code, for example "NOT_FOUND"."""
        self.reason = reason
        """Reason from the published list, for example "JOB_NOT_FOUND"; empty if the server sent none."""
        self.metadata = dict(metadata or {})
        """Variable parts of the message, by key."""
        self.field_violations = tuple(field_violations)
        """Invalid fields of the request."""
        self.retry_after = retry_after
        """Delay in seconds after which the server asks to retry; None if it sent none."""


def translate(failure: grpc.RpcError, address: str) -> ForegSyteError:
    """Makes the exception of a failed gRPC call: reads google.rpc.Status of its trailers."""
    code: str = failure.code().name
    status = _status(failure.trailing_metadata() or ())
    info: Any = error_details_pb2.ErrorInfo()
    bad_request, retry = error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    details: Iterable[Any] = status.details if status else ()
    for detail in details:
        # Unpack returns False for a detail of another type.
        detail.Unpack(info) or detail.Unpack(bad_request) or detail.Unpack(retry)
    if status is None or not info.reason:
        return failure_of("", code, _message(code, failure.details() or "", address))
    return failure_of(
        info.reason if info.domain == _DOMAIN else "",
        code,
        status.message,
        metadata=dict(info.metadata),
        field_violations=[FieldViolation(field.field, field.description) for field in bad_request.field_violations],
        retry_after=retry.retry_delay.ToTimedelta().total_seconds() if retry.HasField("retry_delay") else None,
    )


def failure_of(
    reason: str,
    code: str,
    message: str,
    metadata: Mapping[str, str] | None = None,
    field_violations: Sequence[FieldViolation] = (),
    retry_after: float | None = None,
) -> ForegSyteError:
    """Creates the exception of a reason; of the status code if the reason is empty or newer than this package."""
    from foregsyte import errors  # imports this module

    kind: type[ForegSyteError] = errors.BY_REASON.get(reason) or errors.BY_CODE.get(code) or ForegSyteError
    return kind(
        message,
        code=code,
        reason=reason,
        metadata=metadata,
        field_violations=field_violations,
        retry_after=retry_after,
    )


def _status(trailers: Iterable[tuple[str, str | bytes]]) -> status_pb2.Status | None:
    for key, value in trailers:
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            try:
                status = status_pb2.Status()
                status.ParseFromString(value)
                return status
            except DecodeError:
                return None
    return None


def _message(code: str, details: str, address: str) -> str:
    if code == "UNAVAILABLE":
        return (
            f"No ForegSyte server at {address} ({details}). Check that the JobService is running and that the address "
            "is correct: http:// for a server without TLS, https:// for one with TLS and a certificate that ca_file or "
            "this machine trusts."
        )
    if code == "DEADLINE_EXCEEDED":
        return f"{address} did not answer in time. Check that the server is reachable, or set a longer timeout."
    if code == "UNIMPLEMENTED":
        return f"{address} is not a ForegSyte JobService of this version ({details})."
    return f"{address} returned {code}: {details}"
