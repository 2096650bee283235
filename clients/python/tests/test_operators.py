"""What operators do: drain, disk usage, backup."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import pytest
from services import Installation

from foregsyte import Client, JobOptions, JobStatus, errors
from foregsyte.v1.backup_pb2 import BACKUP_STATE_COMPLETED
from foregsyte.v1.server_info_pb2 import DRAIN_STATE_DRAINED, DRAIN_STATE_NOT_DRAINING


def test_drained_server_accepts_a_job_and_runs_it_after_undrain(
    own_services: Installation, small_video: Callable[[], bytes], eventually: Callable[..., object]
) -> None:
    with Client(own_services.address) as client:
        client.drain(drain_timeout=0)
        try:
            eventually(lambda: client.server_info().drain_state == DRAIN_STATE_DRAINED)
            job = client.submit(content=small_video(), pipeline_id="detect_only", options=JobOptions(frame_stride=50))
            assert client.get(job.job_id).status == JobStatus.JOB_STATUS_PENDING
        finally:
            undrained = client.undrain()

        assert undrained.state == DRAIN_STATE_NOT_DRAINING

        assert client.wait(job.job_id).status == JobStatus.JOB_STATUS_COMPLETED


def test_usage_counts_jobs_and_bytes_and_the_server_is_its_only_node(
    own_services: Installation, small_video: Callable[[], bytes]
) -> None:
    with Client(own_services.address) as client:
        before = sum(usage.video_bytes for usage in client.tenant_usage())
        video = small_video()
        job = client.submit(content=video, pipeline_id="detect_only", options=JobOptions(frame_stride=50))
        client.wait(job.job_id)

        usage = list(client.tenant_usage())

        assert [of.tenant for of in usage] == [""]
        assert usage[0].video_bytes - before == len(video)
        assert usage[0].result_bytes > 0
        assert len(list(client.nodes())) == 1


def test_backup_is_complete_and_a_second_call_returns_it(own_services: Installation) -> None:
    with Client(own_services.address) as client:
        backup = client.backup("before-upgrade")

        assert backup.state == BACKUP_STATE_COMPLETED
        assert pathlib.Path(backup.path).name == "before-upgrade" and any(pathlib.Path(backup.path).iterdir())
        again = client.backup("before-upgrade", wait=False)
        assert (again.path, again.ended_at) == (backup.path, backup.ended_at)
        with pytest.raises(errors.InvalidFieldError, match="backup_id"):
            client.backup("../elsewhere")


def test_failed_backup_is_an_error_that_says_what_to_do(own_services: Installation) -> None:
    aside = own_services.backups.with_name("backups-aside")
    if own_services.backups.exists():
        own_services.backups.rename(aside)
    own_services.backups.write_text("No folder can be made here.", encoding="utf-8")
    try:
        with Client(own_services.address) as client:
            with pytest.raises(RuntimeError, match="Call backup again, without a backup_id or with a new one"):
                client.backup("no-folder")
    finally:
        own_services.backups.unlink()
        if aside.exists():
            aside.rename(own_services.backups)
