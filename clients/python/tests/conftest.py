"""The services of the tests."""

from __future__ import annotations

import itertools
import pathlib
import time
from collections.abc import Callable, Iterator

import pytest
from services import PEDESTRIANS, Installation, free_box

from foregsyte import Client, CountingLine, Job, JobOptions, Zone

_seeds = itertools.count(time.time_ns())


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Both services, which tests only call."""
    webhooks = {"Webhooks:AllowedHosts:0": "hooks.example.org", "Webhooks:AllowUnsigned": "true"}
    yield from _running(Installation(tmp_path_factory.mktemp("services"), **webhooks))


@pytest.fixture(scope="session")
def own_services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Both services, which tests may kill and start again."""
    yield from _running(Installation(tmp_path_factory.mktemp("own")))


@pytest.fixture
def client(services: Installation) -> Iterator[Client]:
    """A client of the services."""
    with Client(services.address) as connected:
        yield connected


@pytest.fixture(scope="session")
def completed(services: Installation) -> Job:
    """A completed job over the sample video, with a zone and a line."""
    options = JobOptions(
        frame_stride=2,
        zones=[Zone("left-half", [(0, 0), (0.5, 0), (0.5, 1), (0, 1)])],
        lines=[CountingLine("middle", (0.5, 0), (0.5, 1))],
    )
    with Client(services.address) as client:
        job = client.submit(PEDESTRIANS, pipeline_id="yolo_ocr", options=options, tags={"camera": "north"})
        return client.wait(job.job_id)


@pytest.fixture
def large_video(tmp_path: pathlib.Path) -> pathlib.Path:
    """A video of 8 MB that no other test has."""
    path = tmp_path / "large.mp4"
    path.write_bytes(PEDESTRIANS.read_bytes() + free_box(8_000_000, next(_seeds)))
    return path


@pytest.fixture
def small_video(tmp_path: pathlib.Path) -> Callable[[], bytes]:
    """Makes small videos that no other test has."""
    return lambda: PEDESTRIANS.read_bytes() + free_box(800, next(_seeds))


def _running(installation: Installation) -> Iterator[Installation]:
    try:
        installation.start()
        yield installation
    finally:
        installation.stop()


@pytest.fixture
def eventually() -> Callable[..., object]:
    """Repeats a function until its result is true."""

    def repeat(function: Callable[[], object], seconds: float = 60) -> object:
        ends = time.monotonic() + seconds
        while not (result := function()):
            assert time.monotonic() < ends, "The state was not reached in time."
            time.sleep(0.1)
        return result

    return repeat
