"""Submissions, and uploads of videos that do not fit into a message."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import pathlib
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from foregsyte._async.calls import Calls, check_timeout
from foregsyte._failures import ForegSyteError, failure_of
from foregsyte._parts import Progress, VideoFile, missing_parts, report, request_id_of_upload
from foregsyte._retries import delay, is_defect_of_part, is_outage_of_part
from foregsyte._runtime_async import in_thread, send_parts, sleep
from foregsyte.job_options import JobOptions
from foregsyte.types import Transfer
from foregsyte.v1 import job_pb2, job_service_pb2, upload_service_pb2

_ABORT_DEADLINE = 5.0
_NO_VIDEO = (
    "EMPTY_VIDEO",
    "NOT_AN_MP4",
    "TRUNCATED_MP4",
    "NO_VIDEO_TRACK",
    "NO_FRAMES",
    "ENCRYPTED_VIDEO",
    "VIDEO_LIMIT_EXCEEDED",
    "UPLOAD_CONTENT_MISMATCH",
)


@dataclass
class _Submission:
    """A request without its source, and how it is sent."""

    request: job_service_pb2.SubmitVideoRequest
    has_own_id: bool
    """Whether the caller gave the request_id."""

    wait_while_queue_full: bool
    progress: Progress | None
    timeout: float | None


class SubmitMethods:
    """Methods that create jobs."""

    _calls: Calls

    async def submit(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        pipeline_id: str,
        content: bytes | None = None,
        uri: str | None = None,
        source_job_id: str | None = None,
        transfer: Transfer = "automatic",
        options: JobOptions | None = None,
        display_name: str | None = None,
        tags: Mapping[str, str] | None = None,
        priority: int | None = None,
        request_id: str | None = None,
        reuse_results: bool = False,
        webhook: str | job_pb2.Webhook | None = None,
        validate_only: bool = False,
        wait_while_queue_full: bool = False,
        progress: Progress | None = None,
        timeout: float | None = None,
    ) -> job_pb2.Job:
        """Creates a durable job from one video and returns it.

        A file or bytes go inside the message up to max_inline_bytes, by path if the server runs on this machine and
        may read the file, otherwise as an upload in parts. An upload survives outages up to max_outage; the same call
        in another process sends only what is missing.

        Args:
            path: File of the video.
            pipeline_id: Pipeline, for example "yolo_ocr".
            content: The video itself, in place of a path.
            uri: Address from which the server reads the video: file, https or s3.
            source_job_id: Job whose video is analyzed again.
            transfer: How a path or content gets to the server; no effect with uri and source_job_id. Use "upload" for a
                server behind a tunnel to another machine, because a path would mean a file of that machine.
            options: What is analyzed and found.
            display_name: Name for people, at most 255 code points without control characters; None means the file's
                name.
            tags: Keys and values that list can filter. At most 32; keys of 1 to 63 lower-case letters, digits, "_" or
                "-" that begin with a letter, values of at most 255 code points without control characters.
            priority: 0 to 9; 9 runs first. None means the server's default (4).
            request_id: UUID of version 4. Two calls with the same one return the same job, also from two processes.
                None means a new one, which makes the client's own retries safe.
            reuse_results: Whether to take over the results of an equal completed job.
            webhook: Address of a host that Webhooks:AllowedHosts allows, which receives the end of the job; a Webhook
                message chooses other events. At most 2000 characters.
            validate_only: Check the submission and create nothing. Not for videos that need an upload.
            wait_while_queue_full: Repeat the submission until the deadline while the server's queue is full.
            progress: Receives the progress of an upload.
            timeout: Deadline of the submission in seconds, including retries; parts of uploads have their own.

        Raises:
            ValueError: An argument is wrong or contradicts another one; the message names it.
            OSError: The file cannot be read.
            ForegSyteError: The server refused the submission or was away for too long.
        """
        if sum(source is not None for source in (path, content, uri, source_job_id)) != 1:
            raise ValueError("Give exactly one video: path, content, uri or source_job_id.")
        if transfer not in get_args(Transfer):
            raise ValueError(f"transfer must be automatic, content, path or upload, not '{transfer}'.")
        if transfer == "path" and content is not None:
            raise ValueError('transfer="path" needs a path, not content.')
        if transfer == "upload" and validate_only and uri is None and source_job_id is None:
            raise ValueError(
                'validate_only cannot be combined with transfer="upload", which stores the video. Leave out transfer.'
            )
        # Here, because the submission of an upload comes after its parts.
        check_timeout(timeout)
        if display_name is None and path is not None:
            display_name = "".join(letter for letter in pathlib.Path(path).name if letter.isprintable())[:255]
        if isinstance(webhook, str):
            webhook = job_pb2.Webhook(uri=webhook) if webhook else None
        request = job_service_pb2.SubmitVideoRequest(
            pipeline_id=pipeline_id,
            options=options.to_message() if options else None,
            display_name=display_name or "",
            tags=tags or {},
            priority=priority,
            request_id=request_id or str(uuid.uuid4()),
            reuse_results=reuse_results,
            validate_only=validate_only,
            webhook=webhook,
        )
        submission = _Submission(request, request_id is not None, wait_while_queue_full, progress, timeout)
        if uri is not None or source_job_id is not None:
            return await self._submit_with(submission, uri=uri, source_job_id=source_job_id)
        if content is not None:
            return await self._submit_file(VideoFile(io.BytesIO(content), "the content"), None, transfer, submission)
        local = pathlib.Path(path or "").absolute()
        with await in_thread(VideoFile.open, local) as video:
            return await self._submit_file(video, local, transfer, submission)

    async def _submit_file(
        self, video: VideoFile, path: pathlib.Path | None, transfer: Transfer, submission: _Submission
    ) -> job_pb2.Job:
        """Sends a file in the wanted way, or in the first one that the server allows."""
        fits = video.size <= self._calls.options.max_inline_bytes
        if transfer == "content" or (transfer == "automatic" and fits):
            if not fits:
                raise _too_large(video, self._calls.options.max_inline_bytes)
            try:
                return await self._submit_with(submission, content=await in_thread(video.read, 0, video.size))
            except ForegSyteError as failure:
                if transfer == "content" or failure.reason != "MESSAGE_TOO_LARGE":
                    raise
        if path is not None and (transfer == "path" or (transfer == "automatic" and self._calls.address.is_local)):
            try:
                return await self._submit_with(submission, uri=path.as_uri())
            except ForegSyteError as failure:
                if transfer == "path" or failure.reason not in (
                    "SOURCE_NOT_ALLOWED",
                    "SOURCE_NOT_FOUND",
                    "UNSUPPORTED_URI",
                ):
                    raise
        if submission.request.validate_only:
            raise _too_large(video, self._calls.options.max_inline_bytes)
        return await self._upload(video, submission)

    async def _submit_with(self, submission: _Submission, **source: Any) -> job_pb2.Job:
        """Calls SubmitVideo with a source."""
        request = job_service_pb2.SubmitVideoRequest()
        request.CopyFrom(submission.request)
        request.MergeFrom(job_service_pb2.SubmitVideoRequest(**source))
        options, kind = self._calls.options, str(request.WhichOneof("source"))
        deadlines: dict[str, float] = {"uri": options.fetch_deadline, "upload_id": options.completion_deadline}
        deadline = deadlines[kind] if kind in deadlines else options.submit_deadline
        response = await self._calls.run(
            self._calls.jobs.SubmitVideo,
            request,
            deadline if submission.timeout is None else submission.timeout,
            # UPLOAD_BUSY: an earlier attempt, perhaps of a killed process, still completes the upload.
            lambda failure: (failure.reason == "QUEUE_FULL" and submission.wait_while_queue_full)
            or (failure.reason == "UPLOAD_BUSY" and kind == "upload_id"),
        )
        job: job_pb2.Job = response.job
        return job

    async def _upload(self, video: VideoFile, submission: _Submission) -> job_pb2.Job:
        """Uploads a video and submits it."""
        # Both checks save hours of sending a video that the server must refuse.
        if not await in_thread(video.begins_as_mp4):
            raise failure_of(
                "NOT_AN_MP4",
                "INVALID_ARGUMENT",
                f"{video.name} is not an MP4: it does not begin with an ftyp box. Convert it, for example: "
                "ffmpeg -i input -c copy output.mp4.",
            )
        await self._require_pipeline(submission.request.pipeline_id)
        sha256 = await self._hash(video, submission.progress)
        if submission.has_own_id and (earlier := await self._find_submitted(submission, sha256)):
            return earlier
        attempts = self._calls.options.max_attempts
        while True:
            attempts -= 1
            try:
                return await self._send(video, sha256, submission)
            except ForegSyteError as failure:
                # Another process has submitted the upload of the same video, or bytes were lost in a crash of the
                # server's machine. The next attempt sends what is missing.
                if failure.reason not in ("UPLOAD_NOT_FOUND", "UPLOAD_INCOMPLETE") or attempts <= 0:
                    raise

    async def _send(self, video: VideoFile, sha256: str, submission: _Submission) -> job_pb2.Job:
        """Creates or resumes the upload of a video, sends the missing parts, and submits it."""
        options = self._calls.options
        request = upload_service_pb2.CreateUploadRequest(
            size_bytes=video.size,
            sha256=sha256,
            request_id=request_id_of_upload(sha256, submission.request.request_id if submission.has_own_id else ""),
        )
        created = await self._calls.run(self._calls.uploads.CreateUpload, request, options.control_deadline)
        response = await self._calls.run(
            self._calls.uploads.GetUpload,
            upload_service_pb2.GetUploadRequest(upload_id=created.upload.upload_id),
            options.read_deadline,
        )
        upload: upload_service_pb2.Upload = response.upload
        done = upload.received_bytes
        report(submission.progress, "sending", done, video.size)

        def sent(length: int) -> None:
            nonlocal done
            done += length
            report(submission.progress, "sending", done, video.size)

        async def send(offset: int, data: bytes) -> None:
            await self._send_part(upload.upload_id, offset, data)

        part_bytes = min(options.part_bytes, upload.max_part_bytes or options.part_bytes)
        parts = missing_parts(video.size, part_bytes, upload.ranges)
        await send_parts(parts, video.read, send, sent, options.parallel_parts)
        report(submission.progress, "completing", video.size, video.size)
        try:
            return await self._submit_with(submission, upload_id=upload.upload_id)
        except ForegSyteError as failure:
            if failure.reason in _NO_VIDEO:
                await self._abort(upload.upload_id)
            raise

    async def _send_part(self, upload_id: str, offset: int, data: bytes) -> None:
        """Sends a part until it has arrived. The hash given to CreateUpload stands in for its checksum."""
        options = self._calls.options
        request = upload_service_pb2.UploadPartRequest(upload_id=upload_id, offset=offset, data=data)
        failures = defects = 0
        outage_began: float | None = None
        while True:
            try:
                await self._calls.once(self._calls.uploads.UploadPart, request, options.part_deadline)
                return
            except ForegSyteError as failure:
                is_outage = is_outage_of_part(failure)
                if not is_outage and not is_defect_of_part(failure):
                    raise
                failures, defects = failures + 1, defects + (not is_outage)
                now = time.monotonic()
                outage_began = now if outage_began is None else outage_began
                wait = delay(failures, options, failure.retry_after)
                if defects >= options.max_attempts or now + wait - outage_began > options.max_outage:
                    raise
            await sleep(wait)

    async def _hash(self, video: VideoFile, progress: Progress | None) -> str:
        """Returns the SHA-256 of a video."""
        digest = hashlib.sha256()
        done = 0
        while length := await in_thread(video.hash_block, digest, done):
            done += length
            report(progress, "hashing", done, video.size)
        return digest.hexdigest()

    async def _find_submitted(self, submission: _Submission, sha256: str) -> job_pb2.Job | None:
        """Returns the job of an earlier call with the same request_id, whose upload is gone.

        A check with an upload that does not exist tells: REQUEST_ID_CONFLICT names the job.
        """
        probe = _Submission(job_service_pb2.SubmitVideoRequest(), True, False, None, None)
        probe.request.CopyFrom(submission.request)
        probe.request.validate_only = True
        try:
            await self._submit_with(probe, upload_id=str(uuid.uuid4()))
        except ForegSyteError as failure:
            if failure.reason == "UPLOAD_NOT_FOUND":
                return None
            if failure.reason != "REQUEST_ID_CONFLICT" or failure.metadata.get("fields") != "source":
                raise
            response = await self._calls.run(
                self._calls.jobs.GetJob,
                job_service_pb2.GetJobRequest(job_id=failure.metadata["jobId"]),
                self._calls.options.read_deadline,
            )
            job: job_pb2.Job = response.job
            if job.video_sha256 == sha256:
                return job
            raise
        return None

    async def _require_pipeline(self, pipeline_id: str) -> None:
        known: list[str] = []
        request = job_service_pb2.ListPipelinesRequest()
        async for page in self._calls.pages(self._calls.jobs.ListPipelines, request, None):
            known.extend(pipeline.id for pipeline in page.pipelines)
        if pipeline_id not in known:
            raise failure_of(
                "UNKNOWN_PIPELINE",
                "INVALID_ARGUMENT",
                f"The pipeline '{pipeline_id}' does not exist. Available: {', '.join(known)}.",
            )

    async def _abort(self, upload_id: str) -> None:
        """Removes an upload that can never become a job. Without success the server removes it when it expires."""
        request = upload_service_pb2.AbortUploadRequest(upload_id=upload_id)
        with contextlib.suppress(ForegSyteError):
            await self._calls.once(self._calls.uploads.AbortUpload, request, _ABORT_DEADLINE)


def _too_large(video: VideoFile, limit: int) -> ForegSyteError:
    return failure_of(
        "MESSAGE_TOO_LARGE",
        "RESOURCE_EXHAUSTED",
        f"{video.name} has {video.size} bytes; a message can hold {limit}. A larger video needs an upload "
        '(transfer="automatic" or "upload", without validate_only).',
    )
