"""A client of ForegSyte, a service that finds objects and reads text in videos."""

from foregsyte._async.client import AsyncClient
from foregsyte._async.jobs import TERMINAL
from foregsyte._failures import FieldViolation, ForegSyteError
from foregsyte._parts import Progress, UploadProgress
from foregsyte._sync.client import Client
from foregsyte.job_options import CountingLine, JobOptions, Point, Sampling, TimeRange, Zone
from foregsyte.options import ClientOptions
from foregsyte.types import LineCrossing, TextMatch, Transfer, ZoneVisit
from foregsyte.v1.job_pb2 import Job, JobStatus, Webhook, WebhookEvent

__all__ = [
    "TERMINAL",
    "AsyncClient",
    "Client",
    "ClientOptions",
    "CountingLine",
    "FieldViolation",
    "ForegSyteError",
    "Job",
    "JobOptions",
    "JobStatus",
    "LineCrossing",
    "Point",
    "Progress",
    "Sampling",
    "TextMatch",
    "TimeRange",
    "Transfer",
    "UploadProgress",
    "Webhook",
    "WebhookEvent",
    "Zone",
    "ZoneVisit",
]
