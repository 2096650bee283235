"""The client for asyncio."""

from __future__ import annotations

import asyncio
import inspect
import pathlib
import threading
from collections.abc import Callable

import pytest
from services import PEDESTRIANS, Installation

from foregsyte import AsyncClient, Client, ClientOptions, Job, JobOptions, JobStatus, UploadProgress, errors

COMPLETED = JobStatus.JOB_STATUS_COMPLETED
OPTIONS = ClientOptions(part_bytes=64 * 1024)


def test_jobs_run_side_by_side_from_submission_to_results(
    services: Installation, small_video: Callable[[], bytes]
) -> None:
    async def analyze(client: AsyncClient) -> list[int]:
        job = await client.submit(content=small_video(), pipeline_id="detect_only", options=JobOptions(frame_stride=25))
        assert (await client.wait(job.job_id)).status == COMPLETED
        return [frame.frame_index async for frame in client.results(job.job_id)]

    async def main() -> list[list[int]]:
        async with AsyncClient(services.address) as client:
            return await asyncio.gather(*(analyze(client) for _ in range(3)))

    assert asyncio.run(main()) == [[0, 25, 50, 75]] * 3


def test_tracks_and_errors_are_those_of_the_other_client(services: Installation, completed: Job) -> None:
    async def main() -> list[int]:
        async with AsyncClient(services.address) as client:
            with pytest.raises(errors.JobNotFoundError):
                await client.get("00000000-0000-4000-8000-000000000000")
            return [track.track_id async for track in client.tracks(completed.job_id, page_size=3)]

    with Client(services.address) as client:
        assert asyncio.run(main()) == [track.track_id for track in client.tracks(completed.job_id)]


def test_killed_server_loses_nothing_of_an_upload(own_services: Installation, large_video: pathlib.Path) -> None:
    restarts: list[threading.Thread] = []

    def progress(now: UploadProgress) -> None:
        if now.stage == "sending" and now.bytes_done > now.bytes_total / 2 and not restarts:
            restarts.append(own_services.restart_in_background())

    async def main() -> Job:
        async with AsyncClient(own_services.address, options=OPTIONS) as client:
            job = await client.submit(
                large_video,
                pipeline_id="detect_only",
                transfer="upload",
                options=JobOptions(max_frames=1),
                progress=progress,
            )
            await asyncio.to_thread(restarts[0].join)
            return await client.wait(job.job_id)

    assert asyncio.run(main()).status == COMPLETED


def test_killed_server_ends_neither_follow_nor_job(own_services: Installation) -> None:
    async def main() -> list[Job]:
        seen: list[Job] = []
        restart: threading.Thread | None = None
        async with AsyncClient(own_services.address) as client:
            job = await client.submit(PEDESTRIANS, pipeline_id="detect_only")
            async for state in client.follow(job.job_id):
                seen.append(state)
                if restart is None and state.status == JobStatus.JOB_STATUS_RUNNING:
                    restart = own_services.restart_in_background()
        assert restart
        await asyncio.to_thread(restart.join)
        return seen

    seen = asyncio.run(main())

    assert seen[-1].status == COMPLETED
    assert len(seen[-1].attempts) == 2


def test_cancelled_upload_ends_at_once_and_is_resumed(services: Installation, large_video: pathlib.Path) -> None:
    half_sent = threading.Event()
    seen: list[UploadProgress] = []

    def progress(now: UploadProgress) -> None:
        if now.stage == "sending" and now.bytes_done > now.bytes_total / 2:
            half_sent.set()

    async def main() -> None:
        async with AsyncClient(services.address, options=OPTIONS) as client:
            upload = asyncio.create_task(
                client.submit(large_video, pipeline_id="detect_only", transfer="upload", progress=progress)
            )
            await asyncio.to_thread(half_sent.wait)
            upload.cancel()
            with pytest.raises(asyncio.CancelledError):
                await upload
            await client.submit(large_video, pipeline_id="detect_only", transfer="upload", progress=seen.append)

    asyncio.run(main())

    assert next(now for now in seen if now.stage == "sending").bytes_done > 0


def test_both_clients_have_the_same_methods() -> None:
    def methods(kind: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(method).parameters)
            for name, method in inspect.getmembers(kind, inspect.isfunction)
            if not name.startswith("_")
        }

    assert methods(AsyncClient) == methods(Client)
    assert len(methods(Client)) >= 20
    assert all(getattr(Client, name).__doc__ for name in methods(Client))
