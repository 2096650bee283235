"""A client of ForegSyte, a service that finds objects and reads text in videos."""

from foregsyte._async.client import AsyncClient
from foregsyte._async.jobs import TERMINAL
from foregsyte._failures import FieldViolation, ForegSyteError
from foregsyte._parts import UploadProgress
from foregsyte._sync.client import Client
from foregsyte.job_options import JobOptions, Line, TimeRange, Zone
from foregsyte.options import ClientOptions
from foregsyte.v1.job_pb2 import Job, JobStatus

__all__ = [
    "TERMINAL",
    "AsyncClient",
    "Client",
    "ClientOptions",
    "FieldViolation",
    "ForegSyteError",
    "Job",
    "JobOptions",
    "JobStatus",
    "Line",
    "TimeRange",
    "UploadProgress",
    "Zone",
]
