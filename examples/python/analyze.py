"""Submits a video, waits for its job, pages through the results, and reads the details of an error.

    PYTHONPATH=examples/python/stubs /usr/bin/python3 examples/python/analyze.py 127.0.0.1:5200 data/samples/pedestrians.mp4
"""

import sys
import uuid

import grpc
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2, status_pb2

from foregsyte.v1 import job_pb2, job_service_pb2, job_service_pb2_grpc

# Every call has a deadline: a server that hangs must not hang its callers.
DEADLINE_SECONDS = 30
WAIT_SECONDS = 20
# Small, so that a short video has several pages; 0 lets the server choose (1 MiB).
PAGE_BYTES = 600
TERMINAL = (job_pb2.JOB_STATUS_COMPLETED, job_pb2.JOB_STATUS_FAILED, job_pb2.JOB_STATUS_CANCELLED)


def submit(jobs, content, pipeline):
    """Makes a durable job of a video. The request_id makes it safe to repeat the call after a lost answer."""
    request = job_service_pb2.SubmitVideoRequest(
        content=content,
        pipeline_id=pipeline,
        options=job_pb2.JobOptions(frame_stride=25),
        request_id=str(uuid.uuid4()),
    )
    return jobs.SubmitVideo(request, timeout=DEADLINE_SECONDS).job


def wait(jobs, job):
    """Returns the job when it has ended. Each call returns at a change, or after a while without one."""
    while job.status not in TERMINAL:
        request = job_service_pb2.WaitJobRequest(
            job_id=job.job_id, etag=job.etag, timeout=duration_pb2.Duration(seconds=WAIT_SECONDS)
        )
        job = jobs.WaitJob(request, timeout=DEADLINE_SECONDS).job
    return job


def pages(jobs, job):
    """Yields the pages of the results; an empty token, and nothing else, is their end."""
    token = ""
    while True:
        request = job_service_pb2.GetJobResultsRequest(job_id=job.job_id, page_bytes=PAGE_BYTES, page_token=token)
        page = jobs.GetJobResults(request, timeout=DEADLINE_SECONDS)
        yield page
        token = page.next_page_token
        if not token:
            return


def details(error):
    """Reads the google.rpc.Status that the trailers of a failed call carry, and its details by type."""
    trailers = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        # Unpack leaves the message alone, and says so, where the detail is of another type.
        detail.Unpack(info) or detail.Unpack(request)
    return status, info, request


def print_job(job):
    frames = job.summary.frames
    print(f"job: {job_pb2.JobStatus.Name(job.status)}, {frames.analyzed} of {frames.decoded} frames analyzed")
    for label, count in sorted(job.summary.detections_by_label.items()):
        print(f"label: {label} {count}")
    for text in job.summary.texts:
        print(f"text: {text.text} in {text.frame_count} frames")


def print_frame(frame):
    print(f"frame {frame.frame_index} at {frame.frame_timestamp_ms} ms: {frame.result.text}")
    for found in frame.result.detections:
        print(f"  {found.label} {int(found.confidence * 100)} % at {int(found.box.x)},{int(found.box.y)}")


def print_error(error):
    status, info, request = details(error)
    print(f"error {status.code} {info.reason} of {info.domain}: {status.message}")
    for name, value in sorted(info.metadata.items()):
        print(f"  {name}: {value}")
    for violation in request.field_violations:
        print(f"  field {violation.field}: {violation.reason}")


def main(server, path):
    with open(path, "rb") as video:
        content = video.read()
    with grpc.insecure_channel(server) as channel:
        jobs = job_service_pb2_grpc.JobServiceStub(channel)
        job = wait(jobs, submit(jobs, content, "yolo_ocr"))
        if job.status != job_pb2.JOB_STATUS_COMPLETED:
            sys.exit(f"The job ended as {job_pb2.JobStatus.Name(job.status)}: {job.error_message}")
        print_job(job)
        for number, page in enumerate(pages(jobs, job), start=1):
            print(f"page {number}")
            for frame in page.results:
                print_frame(frame)
        try:
            submit(jobs, content, "nope")
        except grpc.RpcError as error:
            print_error(error)


if __name__ == "__main__":
    main(*sys.argv[1:])
