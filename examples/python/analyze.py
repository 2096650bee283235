"""Submits a video, waits for its job, reads the results page by page, and reads the details of an error.

    PYTHONPATH=examples/python/stubs /usr/bin/python3 examples/python/analyze.py 127.0.0.1:5200 data/samples/pedestrians.mp4
"""

import sys
import uuid

import grpc
from google.protobuf import duration_pb2
from google.rpc import error_details_pb2, status_pb2

from foregsyte.v1 import job_pb2, job_service_pb2, job_service_pb2_grpc

# Every call has a deadline, so a server that hangs cannot block the client.
DEADLINE_SECONDS = 30
WAIT_SECONDS = 20
# Small, so that a short video has several pages; 0 means the server's default (1 MiB).
PAGE_BYTES = 600
TERMINAL = (job_pb2.JOB_STATUS_COMPLETED, job_pb2.JOB_STATUS_FAILED, job_pb2.JOB_STATUS_CANCELLED)


def submit(jobs, content, pipeline):
    """Creates a durable job from a video. The request_id makes the call safe to retry after a lost response."""
    request = job_service_pb2.SubmitVideoRequest(
        content=content,
        pipeline_id=pipeline,
        options=job_pb2.JobOptions(frame_stride=25),
        # ListJobs finds the job by them: filter='tags.camera = "north"'.
        tags={"camera": "north"},
        request_id=str(uuid.uuid4()),
    )
    return jobs.SubmitVideo(request, timeout=DEADLINE_SECONDS).job


def wait(jobs, job):
    """Returns the job when it has ended. Each call returns after a change of the job, or after its timeout."""
    while job.status not in TERMINAL:
        request = job_service_pb2.WaitJobRequest(
            job_id=job.job_id, etag=job.etag, timeout=duration_pb2.Duration(seconds=WAIT_SECONDS)
        )
        job = jobs.WaitJob(request, timeout=DEADLINE_SECONDS).job
    return job


def pages(jobs, job):
    """Yields the pages of the results. Only an empty token marks the last page."""
    token = ""
    while True:
        request = job_service_pb2.GetJobResultsRequest(job_id=job.job_id, page_bytes=PAGE_BYTES, page_token=token)
        page = jobs.GetJobResults(request, timeout=DEADLINE_SECONDS)
        yield page
        token = page.next_page_token
        if not token:
            return


def details(error):
    """Reads the google.rpc.Status in the trailers of a failed call, and its details by type."""
    data = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin")
    if data is None:
        # For example because the server cannot be reached.
        raise error
    status = status_pb2.Status.FromString(data)
    info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        # Unpack returns False for a detail of another type.
        detail.Unpack(info) or detail.Unpack(request)
    return status, info, request


def print_job(job):
    frames = job.summary.frames
    print(f"job: {job_pb2.JobStatus.Name(job.status)}, {frames.analyzed} of {frames.total} frames analyzed")
    for label in job.summary.labels:
        print(f"label: {label.label} {label.detection_count}")
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
