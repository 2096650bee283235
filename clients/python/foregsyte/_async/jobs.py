"""Jobs: read, follow, change."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping

from foregsyte._async.calls import Calls, time_limit_of
from foregsyte._failures import ForegSyteError, failure_of
from foregsyte._retries import delay
from foregsyte._runtime_async import sleep
from foregsyte.job_options import duration
from foregsyte.v1 import diagnosis_pb2, job_pb2, job_service_pb2

TERMINAL = (job_pb2.JOB_STATUS_COMPLETED, job_pb2.JOB_STATUS_FAILED, job_pb2.JOB_STATUS_CANCELLED)


class JobMethods:
    """Methods about jobs.

    `timeout` is the deadline of a call in seconds, including retries; of wait and follow the limit of the whole wait.
    """

    _calls: Calls

    async def get(self, job_id: str, *, timeout: float | None = None) -> job_pb2.Job:
        """Returns a job."""
        request = job_service_pb2.GetJobRequest(job_id=job_id)
        response = await self._calls.run(self._calls.jobs.GetJob, request, self._read(timeout))
        job: job_pb2.Job = response.job
        return job

    async def list(
        self, filter: str = "", *, full: bool = False, page_size: int = 0, timeout: float | None = None
    ) -> AsyncIterator[job_pb2.Job]:
        """Yields jobs, newest first.

        Args:
            filter: Condition, for example 'status = FAILED AND tags.camera = "north"', at most 1000 code points;
                empty means all jobs.
            full: Whether each job has its video, summary, timings, devices and attempts.
            page_size: Jobs of a page; 0 means the server's default.
            timeout: Deadline for each page.
        """
        view = job_pb2.JOB_VIEW_FULL if full else job_pb2.JOB_VIEW_BASIC
        request = job_service_pb2.ListJobsRequest(filter=filter, page_size=page_size, view=view)
        async for page in self._calls.pages(self._calls.jobs.ListJobs, request, timeout):
            for job in page.jobs:
                yield job

    async def follow(self, job_id: str, *, timeout: float | None = None) -> AsyncIterator[job_pb2.Job]:
        """Yields a job now and after every change, also of its progress; ends with its terminal status.

        Survives outages of the server up to max_outage. WatchJobAsync of the C# client.

        Args:
            job_id: Id of the job.
            timeout: Time limit in seconds; None means follow_timeout of the options.

        Raises:
            DeadlineExceededError: The job did not end in time, and keeps running; or the server did not answer for
                longer than max_outage.
            UnavailableError: The server was away for longer than max_outage.
        """
        limit = time_limit_of(timeout, self._calls.options.follow_timeout)
        ends = time.monotonic() + limit
        seen: job_pb2.Job | None = None
        while True:
            job = await self._wait_once(job_id, seen.etag if seen else "", ends, limit)
            changed = seen is None or job.etag != seen.etag
            # The etag does not cover the queue state, which changes with other jobs.
            if changed or seen is None or job.queue_state != seen.queue_state:
                seen = job
                yield job
            if job.status in TERMINAL:
                return
            if not changed:
                # Prevents a tight loop if the server returns at once without a change.
                await sleep(self._calls.options.retry_base_delay)

    async def wait(self, job_id: str, *, timeout: float | None = None) -> job_pb2.Job:
        """Returns a job when it has ended: completed, failed or cancelled. A failed job is no exception.

        Arguments and exceptions are those of follow.
        """
        async for job in self.follow(job_id, timeout=timeout):
            last = job
        return last

    async def cancel(self, job_id: str, *, etag: str = "", timeout: float | None = None) -> job_pb2.Job:
        """Cancels a pending or running job and returns it. Its finished segments are kept for retry.

        Args:
            job_id: Id of the job.
            etag: Etag of the job as you know it: if it has changed since, EtagMismatchError. Empty means any.
            timeout: Deadline.
        """
        request = job_service_pb2.CancelJobRequest(job_id=job_id, etag=etag)
        response = await self._calls.run(self._calls.jobs.CancelJob, request, self._control(timeout))
        job: job_pb2.Job = response.job
        return job

    async def retry(self, job_id: str, *, etag: str = "", timeout: float | None = None) -> job_pb2.Job:
        """Queues a failed or cancelled job again and returns it; it continues after its last finished segment.

        Arguments are those of cancel.
        """
        request = job_service_pb2.RetryJobRequest(job_id=job_id, etag=etag)
        response = await self._calls.run(self._calls.jobs.RetryJob, request, self._control(timeout))
        job: job_pb2.Job = response.job
        return job

    async def update(
        self,
        job_id: str,
        *,
        display_name: str | None = None,
        tags: Mapping[str, str] | None = None,
        priority: int | None = None,
        etag: str = "",
        timeout: float | None = None,
    ) -> job_pb2.Job:
        """Changes the name, all tags or the priority of a job and returns it; None leaves a value as it is.

        The limits of the values are those of submit; `etag` and `timeout` are those of cancel.

        Raises:
            ValueError: There is no new value.
        """
        values = {"display_name": display_name, "tags": tags, "priority": priority}
        job = job_pb2.Job(
            job_id=job_id, etag=etag, display_name=display_name or "", tags=tags or {}, priority=priority or 0
        )
        request = job_service_pb2.UpdateJobRequest(job=job)
        request.update_mask.paths.extend(name for name, value in values.items() if value is not None)
        if not request.update_mask.paths:
            raise ValueError("Set display_name, tags or priority.")
        response = await self._calls.run(self._calls.jobs.UpdateJob, request, self._control(timeout))
        job = response.job
        return job

    async def delete(self, job_id: str, *, etag: str = "", timeout: float | None = None) -> None:
        """Deletes a job that has ended, with its video and its results.

        Arguments are those of cancel.
        """
        attempts = 0

        async def attempt(request: job_service_pb2.DeleteJobRequest, **limits: object) -> object:
            nonlocal attempts
            attempts += 1
            return await self._calls.jobs.DeleteJob(request, **limits)

        try:
            request = job_service_pb2.DeleteJobRequest(job_id=job_id, etag=etag)
            await self._calls.run(attempt, request, self._control(timeout))
        except ForegSyteError as failure:
            # An attempt whose response was lost has deleted it.
            if failure.reason != "JOB_NOT_FOUND" or attempts == 1:
                raise

    async def diagnose(self, job_id: str, *, timeout: float | None = None) -> diagnosis_pb2.JobDiagnosis:
        """Explains the state of a job: why it waits, what runs for it and where, or why it failed."""
        request = job_service_pb2.DiagnoseJobRequest(job_id=job_id)
        response = await self._calls.run(self._calls.jobs.DiagnoseJob, request, self._read(timeout))
        diagnosis: diagnosis_pb2.JobDiagnosis = response.diagnosis
        return diagnosis

    async def _wait_once(self, job_id: str, etag: str, ends: float, limit: float) -> job_pb2.Job:
        """Makes one long poll, and repeats it during an outage."""
        options = self._calls.options
        outage_began: float | None = None
        failures = 0
        while True:
            left = ends - time.monotonic()
            if left <= 0:
                raise failure_of(
                    "DEADLINE_EXCEEDED",
                    "DEADLINE_EXCEEDED",
                    f"Job {job_id} did not end within {limit:g} s. It keeps running on the server.",
                )
            poll = min(left, options.long_poll_timeout)
            request = job_service_pb2.WaitJobRequest(job_id=job_id, etag=etag, timeout=duration(poll))
            try:
                response = await self._calls.once(self._calls.jobs.WaitJob, request, poll + options.long_poll_grace)
                job: job_pb2.Job = response.job
                return job
            except ForegSyteError as failure:
                if failure.code not in ("UNAVAILABLE", "DEADLINE_EXCEEDED"):
                    raise
                failures += 1
                now = time.monotonic()
                outage_began = now if outage_began is None else outage_began
                wait = delay(failures, options, failure.retry_after)
                if now + wait - outage_began > options.max_outage:
                    raise
            await sleep(wait)

    def _read(self, timeout: float | None) -> float:
        return time_limit_of(timeout, self._calls.options.read_deadline)

    def _control(self, timeout: float | None) -> float:
        return time_limit_of(timeout, self._calls.options.control_deadline)
