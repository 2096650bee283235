"""What a job analyzes and finds, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from google.protobuf import duration_pb2

from foregsyte.v1 import job_pb2

Point = tuple[float, float]
"""A point of the frame as (x, y), 0 to 1: distances from the left and the top edge in widths and heights of the frame."""

Sampling = Literal["every", "adaptive"]
"""Which of the selected frames the models look at."""


@dataclass(frozen=True)
class TimeRange:
    """A part of a video, in seconds from the start of playback."""

    start: float = 0.0
    end: float | None = None
    """Its end, which is not part of it; None means the end of the video."""


@dataclass(frozen=True)
class Zone:
    """A named area of the frame, in which the time of objects is measured."""

    id: str
    """1 to 63 letters, digits, "_" or "-", unique among the zones and lines of the job."""

    points: Sequence[Point]
    """Its corners in order, 3 to 100. The area must not cross itself."""


@dataclass(frozen=True)
class CountingLine:
    """A named line across the frame, over which objects are counted by direction."""

    id: str
    """1 to 63 letters, digits, "_" or "-", unique among the zones and lines of the job."""

    start: Point
    end: Point
    """Its end, which differs from the start by at least 1e-6 in x or y."""


@dataclass(frozen=True)
class JobOptions:
    """What a job analyzes and finds; the default is every frame and everything that the pipeline finds."""

    frame_stride: int = 1
    """Analyze every n-th frame, 1 to 1000000."""

    frames_per_second: float = 0.0
    """Analyze about this many frames for each second of the video, at most 1000; 0 means not set. Leave frame_stride at
    1."""

    sampling: Sampling = "every"
    """Which of these frames the models look at: "every", or "adaptive" for a few each second and those that show
    something new; objects between are interpolated. Only for pipelines that track the objects that they find."""

    max_frames: int = 0
    """Stop after this many analyzed frames; 0 means no limit. Not negative."""

    time_ranges: Sequence[TimeRange] = ()
    """Parts of the video, ascending, without overlap, at most 100; none means the whole video. Only the last one can
    have no end."""

    labels: Sequence[str] = ()
    """Class names of the objects that are wanted, at most 100, each once; none means all. A name that the pipeline does
    not have is INVALID_FIELD."""

    min_confidence: float = 0.0
    """Minimum confidence of detections and text regions, 0 to 1. It can only raise the pipeline's threshold."""

    regions: Sequence[Sequence[Point]] = ()
    """Parts of the frame that are wanted, at most 20 polygons of 3 to 100 corners: objects and texts whose centre is in
    one of them. None means the whole frame."""

    zones: Sequence[Zone] = ()
    """Areas for which the time of each object is measured, at most 20. Only for pipelines that track their objects."""

    lines: Sequence[CountingLine] = ()
    """Lines for which crossings are counted, at most 20. Only for pipelines that track their objects."""

    def __post_init__(self) -> None:
        """Checks the words; the server checks the ranges.

        Raises:
            ValueError: sampling is not one of its words.
        """
        if self.sampling not in get_args(Sampling):
            raise ValueError(f"sampling must be every or adaptive, not '{self.sampling}'.")

    def to_message(self) -> job_pb2.JobOptions:
        """Returns the options as the message JobOptions of the contract."""
        return job_pb2.JobOptions(
            # 0 means 1, and must be unset beside frames_per_second.
            frame_stride=0 if self.frames_per_second and self.frame_stride == 1 else self.frame_stride,
            frames_per_second=self.frames_per_second,
            sampling=job_pb2.SAMPLING_ADAPTIVE if self.sampling == "adaptive" else job_pb2.SAMPLING_UNSPECIFIED,
            max_frames=self.max_frames,
            time_ranges=[_time_range(part) for part in self.time_ranges],
            labels=self.labels,
            min_confidence=self.min_confidence,
            regions=[_polygon(points) for points in self.regions],
            zones=[job_pb2.Zone(id=zone.id, area=_polygon(zone.points)) for zone in self.zones],
            lines=[
                job_pb2.CountingLine(id=line.id, start=_point(line.start), end=_point(line.end)) for line in self.lines
            ],
        )


def duration(seconds: float) -> duration_pb2.Duration:
    """Returns a time in seconds as the message of the contract."""
    whole = int(seconds)
    return duration_pb2.Duration(seconds=whole, nanos=round((seconds - whole) * 1_000_000) * 1000)


def _time_range(part: TimeRange) -> job_pb2.TimeRange:
    return job_pb2.TimeRange(start=duration(part.start), end=None if part.end is None else duration(part.end))


def _point(point: Point) -> job_pb2.RelativePoint:
    return job_pb2.RelativePoint(x=point[0], y=point[1])


def _polygon(points: Iterable[Point]) -> job_pb2.RelativePolygon:
    return job_pb2.RelativePolygon(points=[_point(point) for point in points])
