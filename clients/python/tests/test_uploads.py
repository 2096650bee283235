"""Uploads: parts, outages of the server, other processes."""

from __future__ import annotations

import dataclasses
import pathlib
import subprocess
import sys
import threading
import uuid

import pytest
from services import PEDESTRIANS, Installation

from foregsyte import Client, ClientOptions, JobOptions, JobStatus, UploadProgress, errors

# Small parts, so that a short video has many.
OPTIONS = ClientOptions(part_bytes=64 * 1024)
ONE_FRAME = JobOptions(max_frames=1)

# Ends itself in the middle of an upload, as kill -9 does.
KILLED = """
import os, sys
from foregsyte import Client, ClientOptions
def progress(now):
    if now.stage == "sending" and now.bytes_done > now.bytes_total / 2:
        os._exit(9)
client = Client(sys.argv[1], options=ClientOptions(part_bytes=64 * 1024))
client.submit(sys.argv[2], pipeline_id="detect_only", transfer="upload", progress=progress)
"""


def test_upload_reports_progress_and_stores_the_same_bytes(client: Client, large_video: pathlib.Path) -> None:
    seen: list[UploadProgress] = []

    job = client.submit(
        large_video, pipeline_id="detect_only", transfer="upload", options=ONE_FRAME, progress=seen.append
    )

    size = large_video.stat().st_size
    assert [now.stage for now in seen][0] == "hashing"
    assert seen[-1] == UploadProgress("completing", size, size)
    sending = [now.bytes_done for now in seen if now.stage == "sending"]
    assert sending == sorted(sending) and sending[0] == 0 and sending[-1] == size
    assert client.wait(job.job_id).status == JobStatus.JOB_STATUS_COMPLETED


def test_content_too_large_for_a_message_is_uploaded(services: Installation, large_video: pathlib.Path) -> None:
    options = dataclasses.replace(OPTIONS, max_inline_bytes=1_000_000, part_bytes=1024 * 1024)
    seen: list[UploadProgress] = []
    with Client(services.address, options=options) as client:
        client.submit(
            content=large_video.read_bytes(), pipeline_id="detect_only", options=ONE_FRAME, progress=seen.append
        )
        with pytest.raises(errors.MessageTooLargeError, match="needs an upload"):
            client.submit(large_video, pipeline_id="detect_only", transfer="content")

    assert "sending" in [now.stage for now in seen]


def test_killed_server_loses_nothing_of_an_upload(own_services: Installation, large_video: pathlib.Path) -> None:
    restarts: list[threading.Thread] = []

    def progress(now: UploadProgress) -> None:
        if now.stage == "sending" and now.bytes_done > now.bytes_total / 2 and not restarts:
            restarts.append(own_services.restart_in_background())

    with Client(own_services.address, options=OPTIONS) as client:
        job = client.submit(
            large_video, pipeline_id="detect_only", transfer="upload", options=ONE_FRAME, progress=progress
        )
        restarts[0].join()

        assert client.wait(job.job_id).status == JobStatus.JOB_STATUS_COMPLETED


def test_upload_of_a_killed_process_is_resumed(services: Installation, large_video: pathlib.Path) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, services.address, str(large_video)], capture_output=True, text=True, check=False
    )
    assert killed.returncode == 9, killed.stderr
    seen: list[UploadProgress] = []

    with Client(services.address, options=OPTIONS) as client:
        client.submit(
            large_video, pipeline_id="detect_only", transfer="upload", options=ONE_FRAME, progress=seen.append
        )

    first = next(now for now in seen if now.stage == "sending")
    assert first.bytes_done > first.bytes_total / 2


def test_request_id_of_an_upload_is_the_same_job_and_sends_nothing(client: Client, large_video: pathlib.Path) -> None:
    request_id = str(uuid.uuid4())
    seen: list[UploadProgress] = []

    first = client.submit(
        large_video, pipeline_id="detect_only", transfer="upload", options=ONE_FRAME, request_id=request_id
    )
    second = client.submit(
        large_video,
        pipeline_id="detect_only",
        transfer="upload",
        options=ONE_FRAME,
        request_id=request_id,
        progress=seen.append,
    )

    assert second.job_id == first.job_id
    assert {now.stage for now in seen} == {"hashing"}
    with pytest.raises(errors.RequestIdConflictError):
        client.submit(large_video, pipeline_id="ocr_only", transfer="upload", options=ONE_FRAME, request_id=request_id)


def test_file_that_is_no_video_is_refused_before_it_is_sent(client: Client, tmp_path: pathlib.Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("This is no video.", encoding="utf-8")

    with pytest.raises(errors.NotAnMp4Error, match="ffmpeg"):
        client.submit(text, pipeline_id="detect_only", transfer="upload")
    with pytest.raises(errors.UnknownPipelineError, match="Available: detect_only"):
        client.submit(PEDESTRIANS, pipeline_id="nope", transfer="upload")
    with pytest.raises(FileNotFoundError):
        client.submit(tmp_path / "missing.mp4", pipeline_id="detect_only")


def test_truncated_video_is_refused_and_its_upload_removed(client: Client, large_video: pathlib.Path) -> None:
    with large_video.open("r+b") as video:
        video.truncate(300_000)
    seen: list[UploadProgress] = []

    for _ in range(2):
        seen.clear()
        with pytest.raises(errors.TruncatedMp4Error):
            client.submit(large_video, pipeline_id="detect_only", transfer="upload", progress=seen.append)

    assert next(now for now in seen if now.stage == "sending").bytes_done == 0
