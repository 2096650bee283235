"""Jobs from submission to deletion, with the client for threads."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from services import PEDESTRIANS

from foregsyte import (
    Client,
    Job,
    JobOptions,
    JobStatus,
    LineCrossing,
    TimeRange,
    Webhook,
    WebhookEvent,
    ZoneVisit,
    errors,
)

COMPLETED = JobStatus.JOB_STATUS_COMPLETED


def test_completed_job_has_summary_and_results_of_every_analyzed_frame(client: Client, completed: Job) -> None:
    assert completed.status == COMPLETED
    assert completed.display_name == "pedestrians.mp4"
    assert completed.summary.frames.analyzed == 50

    frames = list(client.results(completed.job_id, page_bytes=10_000))

    assert [frame.frame_index for frame in frames] == list(range(0, 100, 2))
    assert "GATE 07 NORTH" in frames[0].result.text


def test_results_start_at_a_frame(client: Client, completed: Job) -> None:
    frames = list(client.results(completed.job_id, start_frame=95, page_bytes=1))

    assert [frame.frame_index for frame in frames] == [96, 98]


def test_tracks_texts_shots_zones_and_lines_come_page_by_page(client: Client, completed: Job) -> None:
    tracks = list(client.tracks(completed.job_id, page_size=2))

    assert sum(track.label == "person" for track in tracks) >= 5
    assert [track.track_id for track in tracks] == sorted({track.track_id for track in tracks})
    assert "GATE 07 NORTH" in [track.text for track in client.text_tracks(completed.job_id, page_size=1)]
    assert [shot.number for shot in client.shots(completed.job_id)] == [1]
    visits = list(client.zone_visits(completed.job_id, "left-half"))
    assert len(visits) == sum(count.count for count in completed.summary.zones[0].tracks)
    assert all(isinstance(of, ZoneVisit) and of.visit.duration_ms > 0 for of in visits)
    assert not list(client.zone_visits(completed.job_id, "elsewhere"))
    crossings = list(client.line_crossings(completed.job_id))
    assert all(isinstance(of, LineCrossing) for of in crossings)
    line = completed.summary.lines[0]
    assert len(crossings) == sum(count.count for side in (line.to_left, line.to_right) for count in side)


def test_search_finds_objects_and_texts(client: Client, completed: Job, eventually: Callable[..., object]) -> None:
    found = eventually(
        lambda: [
            match.job.job_id
            for match in client.search_texts("gate o7 north", match="fuzzy", job_filter='tags.camera = "north"')
        ]
    )
    assert completed.job_id in found  # type: ignore[operator]
    with pytest.raises(ValueError, match="match must be exact, contains or fuzzy, not 'regex'"):
        list(client.search_texts("gate", match="regex"))  # type: ignore[arg-type]
    persons = [match.track for match in client.search_tracks("person", zone_id="left-half", page_size=1)]
    assert persons and all(track.label == "person" for track in persons)


def test_job_is_listed_updated_diagnosed_and_deleted(client: Client, small_video: Callable[[], bytes]) -> None:
    tag = uuid.uuid4().hex
    job = client.submit(
        content=small_video(), pipeline_id="detect_only", options=JobOptions(frame_stride=50), tags={"batch": tag}
    )
    changed = client.update(job.job_id, display_name="lobby")
    assert (changed.display_name, changed.tags["batch"]) == ("lobby", tag)
    with pytest.raises(errors.EtagMismatchError):
        client.update(job.job_id, priority=9, etag=job.etag)
    with pytest.raises(ValueError, match="display_name"):
        client.update(job.job_id)

    assert client.wait(job.job_id).status == COMPLETED
    assert client.diagnose(job.job_id).job.job_id == job.job_id
    assert [(found.job_id, found.summary.frames.analyzed) for found in client.list(f'tags.batch = "{tag}"')] == [
        (job.job_id, 0)
    ]
    assert [found.summary.frames.analyzed for found in client.list(f'tags.batch = "{tag}"', full=True)] == [2]

    client.delete(job.job_id)
    with pytest.raises(errors.JobNotFoundError) as failure:
        client.delete(job.job_id)
    assert failure.value.code == "NOT_FOUND"
    assert not failure.value.is_retryable


def test_list_has_further_pages(client: Client, small_video: Callable[[], bytes]) -> None:
    tag = uuid.uuid4().hex
    jobs = [
        client.submit(content=small_video(), pipeline_id="detect_only", tags={"batch": tag}).job_id for _ in range(3)
    ]
    for job_id in jobs:
        client.cancel(job_id)

    listed = [job.job_id for job in client.list(f'tags.batch = "{tag}"', page_size=1)]

    assert listed == jobs[::-1]


def test_cancelled_job_is_retried_to_its_end(client: Client, small_video: Callable[[], bytes]) -> None:
    job = client.submit(content=small_video(), pipeline_id="detect_only")
    assert client.cancel(job.job_id).status == JobStatus.JOB_STATUS_CANCELLED
    assert client.wait(job.job_id).status == JobStatus.JOB_STATUS_CANCELLED

    client.retry(job.job_id)

    assert client.wait(job.job_id).status == COMPLETED


def test_results_of_a_running_job_are_a_snapshot_or_followed(client: Client, small_video: Callable[[], bytes]) -> None:
    job = client.submit(content=small_video(), pipeline_id="detect_only")

    before = list(client.results(job.job_id))
    followed = [frame.frame_index for frame in client.results(job.job_id, follow=True)]

    assert len(before) < 100
    assert followed == list(range(100))


def test_follow_yields_progress_until_the_end(client: Client, small_video: Callable[[], bytes]) -> None:
    job = client.submit(content=small_video(), pipeline_id="detect_only")

    seen = list(client.follow(job.job_id))

    done = [state.progress.frames_done for state in seen]
    assert done == sorted(done) and len(set(done)) > 1
    assert seen[-1].status == COMPLETED


def test_wait_ends_at_its_timeout_and_the_job_goes_on(client: Client, small_video: Callable[[], bytes]) -> None:
    job = client.submit(content=small_video(), pipeline_id="detect_only", options=JobOptions(frame_stride=10))

    with pytest.raises(errors.DeadlineExceededError, match="keeps running"):
        client.wait(job.job_id, timeout=0.01)

    assert client.wait(job.job_id).status == COMPLETED


def test_same_request_id_is_the_same_job(client: Client, small_video: Callable[[], bytes]) -> None:
    content, request_id, few = small_video(), str(uuid.uuid4()), JobOptions(frame_stride=50)

    def submit(priority: int | None = None) -> str:
        return client.submit(
            content=content, pipeline_id="detect_only", options=few, request_id=request_id, priority=priority
        ).job_id

    assert submit() == submit()
    with pytest.raises(errors.RequestIdConflictError) as conflict:
        submit(priority=9)
    assert conflict.value.metadata["fields"] == "priority"


def test_video_of_a_job_is_analyzed_again(client: Client, completed: Job) -> None:
    options = JobOptions(time_ranges=[TimeRange(1, 1.5)], frames_per_second=5, labels=["person"], min_confidence=0.5)
    job = client.submit(source_job_id=completed.job_id, pipeline_id="detect_only", options=options)

    frames = [frame.frame_index for frame in client.results(job.job_id, follow=True)]

    assert frames == [10, 12, 14]


def test_submission_is_checked_without_a_job(client: Client, small_video: Callable[[], bytes]) -> None:
    assert client.submit(content=small_video(), pipeline_id="detect_only", validate_only=True).job_id == ""
    with pytest.raises(errors.UnknownPipelineError, match="nope"):
        client.submit(content=small_video(), pipeline_id="nope", validate_only=True)
    with pytest.raises(ValueError, match="exactly one video"):
        client.submit(pipeline_id="detect_only")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": PEDESTRIANS, "transfer": "inline"}, "automatic, content, path or upload, not 'inline'"),
        ({"content": b"video", "transfer": "path"}, 'transfer="path" needs a path, not content'),
        ({"path": PEDESTRIANS, "transfer": "upload", "validate_only": True}, "which stores the video"),
    ],
)
def test_wrong_or_contradicting_transfer_is_refused(client: Client, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        client.submit(pipeline_id="detect_only", **arguments)  # type: ignore[arg-type]


def test_transfer_has_no_effect_with_the_video_of_a_job(client: Client, completed: Job) -> None:
    checked = client.submit(
        source_job_id=completed.job_id, pipeline_id="detect_only", transfer="upload", validate_only=True
    )

    assert checked.job_id == ""


@pytest.mark.parametrize(
    ("webhook", "events"),
    [
        ("https://hooks.example.org/jobs", [WebhookEvent.WEBHOOK_EVENT_ENDED]),
        (
            Webhook(uri="https://hooks.example.org/jobs", events=[WebhookEvent.WEBHOOK_EVENT_STARTED]),
            [WebhookEvent.WEBHOOK_EVENT_STARTED],
        ),
    ],
)
def test_webhook_is_an_address_or_a_message_with_events(
    client: Client, webhook: str | Webhook, events: list[int]
) -> None:
    checked = client.submit(PEDESTRIANS, pipeline_id="detect_only", webhook=webhook, validate_only=True)

    assert checked.webhook.uri == "https://hooks.example.org/jobs"
    assert list(checked.webhook.events) == events


def test_invalid_field_is_named(client: Client, small_video: Callable[[], bytes]) -> None:
    with pytest.raises(errors.InvalidFieldError) as failure:
        client.submit(content=small_video(), pipeline_id="detect_only", options=JobOptions(frame_stride=-1))

    assert isinstance(failure.value, errors.InvalidArgumentError)
    assert [violation.field for violation in failure.value.field_violations] == ["options.frame_stride"]
    assert failure.value.reason == "INVALID_FIELD"


def test_server_describes_itself(client: Client) -> None:
    assert client.server_info().version
    assert {pipeline.id for pipeline in client.pipelines()} == {"detect_only", "ocr_only", "yolo_ocr"}
