"""The package as it is installed, its README, and what needs no server."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from services import PEDESTRIANS, ROOT, Installation

import foregsyte
from foregsyte import ClientOptions, CountingLine, ForegSyteError, JobOptions, TimeRange, Zone, errors
from foregsyte._parts import missing_parts, request_id_of_upload
from foregsyte._retries import delay
from foregsyte.v1 import errors_pb2, job_pb2, upload_service_pb2


PRINT_PATH = "~/foregsyte/bin/python -c 'import foregsyte; print(foregsyte.__file__)'"


def test_package_has_types_license_and_the_version_of_the_repository() -> None:
    files = {str(file) for file in importlib.metadata.files("foregsyte") or ()}
    version = re.search(r"<Version>(.*)</Version>", (ROOT / "Directory.Build.props").read_text(encoding="utf-8"))

    assert {"foregsyte/py.typed", "foregsyte/v1/job_pb2.pyi"} <= files
    assert any(name.endswith("/LICENSE") for name in files)
    assert not any(name.startswith("google/") for name in files), "files of another package"
    assert version and importlib.metadata.version("foregsyte").startswith(version[1])
    assert pathlib.Path(foregsyte.__file__).is_relative_to(ROOT / "out/python/installed")


def test_every_published_reason_has_a_class() -> None:
    published = {name.removeprefix("ERROR_REASON_") for name in errors_pb2.ErrorReason.keys()} - {"UNSPECIFIED"}

    assert set(errors.BY_REASON) == published
    assert issubclass(errors.JobNotFoundError, errors.NotFoundError)
    assert errors.QueueFullError.is_retryable and not errors.JobNotFoundError.is_retryable
    assert all(issubclass(kind, ForegSyteError) for kind in errors.BY_REASON.values())


def test_messages_are_those_of_the_contracts() -> None:
    for proto in (ROOT / "protos/foregsyte/v1").glob("*.proto"):
        module = importlib.import_module(f"foregsyte.v1.{proto.stem}_pb2")
        text = proto.read_text(encoding="utf-8")
        assert set(re.findall(r"^message (\w+)", text, re.MULTILINE)) == set(module.DESCRIPTOR.message_types_by_name)
        assert set(re.findall(r"^service (\w+)", text, re.MULTILINE)) == set(module.DESCRIPTOR.services_by_name)


def test_job_options_are_those_of_the_contract() -> None:
    options = JobOptions(
        frame_stride=5,
        time_ranges=[TimeRange(1.5), TimeRange(3, 4)],
        labels=["person"],
        regions=[[(0, 0), (1, 0), (1, 1)]],
        zones=[Zone("door", [(0, 0), (1, 0), (1, 1)])],
        lines=[CountingLine("gate", (0, 0.5), (1, 0.5))],
    ).to_message()

    assert options.frame_stride == 5
    assert (options.time_ranges[0].start.seconds, options.time_ranges[0].start.nanos) == (1, 500_000_000)
    assert not options.time_ranges[0].HasField("end") and options.time_ranges[1].end.seconds == 4
    assert options.zones[0].area.points[1].x == 1 and options.lines[0].end.y == 0.5
    assert JobOptions(frames_per_second=2).to_message().frame_stride == 0
    assert JobOptions(sampling="adaptive").to_message().sampling == job_pb2.SAMPLING_ADAPTIVE
    assert options.sampling == job_pb2.SAMPLING_UNSPECIFIED
    with pytest.raises(ValueError, match="sampling must be every or adaptive, not 'adaptve'"):
        JobOptions(sampling="adaptve")  # type: ignore[arg-type]


def test_types_of_public_signatures_are_exported() -> None:
    own = {"Point", "Progress", "Sampling", "TextMatch", "Transfer", "LineCrossing", "ZoneVisit"}
    messages = {"Job", "JobStatus", "Webhook", "WebhookEvent"}

    assert own | messages <= set(foregsyte.__all__)
    assert all(hasattr(foregsyte, name) for name in foregsyte.__all__)


def test_missing_parts_are_what_has_not_arrived() -> None:
    ranges = [upload_service_pb2.ByteRange(start=4, end=10), upload_service_pb2.ByteRange(start=20, end=21)]

    assert list(missing_parts(25, 4, ranges)) == [(0, 4), (10, 4), (14, 4), (18, 2), (21, 4)]
    assert list(missing_parts(5, 4, [])) == [(0, 4), (4, 1)]
    assert list(missing_parts(5, 4, [upload_service_pb2.ByteRange(start=0, end=5)])) == []


def test_upload_has_the_same_request_id_in_every_process() -> None:
    assert request_id_of_upload("00", "") == request_id_of_upload("00", "")
    assert len({request_id_of_upload("00", ""), request_id_of_upload("00", "a"), request_id_of_upload("01", "")}) == 3
    assert request_id_of_upload("00", "")[14] == "4", "a UUID of version 4"


def test_delay_doubles_up_to_its_maximum_and_never_undercuts_the_server() -> None:
    options = ClientOptions(retry_base_delay=0.5, retry_max_delay=2)

    for failures, longest in [(1, 0.5), (2, 1), (3, 2), (50, 2)]:
        assert all(0 <= delay(failures, options, None) <= longest for _ in range(100))
    assert delay(1, options, 7) == 7


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"max_attempts": 0}, "max_attempts must be between 1 and 20, not 0"),
        ({"part_bytes": 10}, "part_bytes must be between"),
        ({"read_deadline": 0}, "read_deadline must be at least"),
        ({"retry_max_delay": 0.1}, "retry_max_delay must be at least"),
        ({"max_message_bytes": 1000}, "max_message_bytes must be greater"),
    ],
)
def test_option_out_of_range_is_named(option: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ClientOptions(**option)  # type: ignore[arg-type]


def test_examples_of_the_readme_run(services: Installation, tmp_path: pathlib.Path) -> None:
    readme = (ROOT / "clients/python/README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    cut = ["ffmpeg", "-v", "error", "-i", str(PEDESTRIANS), "-t", "1", "-c", "copy", str(tmp_path / "video.mp4")]
    subprocess.run(cut, check=True)
    outputs = []
    for block in blocks:
        code = block.replace("127.0.0.1:5200", services.address.removeprefix("http://")).replace(
            "Client()", f'Client("{services.address}")'
        )
        run = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, f"{block}\n{run.stderr}"
        outputs.append(run.stdout)

    assert len(blocks) >= 5
    assert "GATE 07 NORTH" in outputs[0]


@pytest.mark.skipif(importlib.util.find_spec("ensurepip") is None, reason="python3-venv is missing")
def test_install_commands_of_the_readme_work(tmp_path: pathlib.Path) -> None:
    readme = (ROOT / "clients/python/README.md").read_text(encoding="utf-8")
    block = re.search(r"^```sh\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    assert block
    commands = [line for line in block[1].splitlines() if not line.startswith("sudo ")]
    (tmp_path / "out/packages").mkdir(parents=True)
    for wheel in (ROOT / "out/python/wheel").glob("*.whl"):
        shutil.copy(wheel, tmp_path / "out/packages")

    run = subprocess.run(
        ["bash", "-euc", "\n".join([*commands, "cd /", PRINT_PATH])],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1].startswith(str(tmp_path / "foregsyte")), run.stdout


def test_types_of_another_package_are_used_if_it_is_installed(tmp_path: pathlib.Path) -> None:
    # As googleapis-common-protos does.
    source = pathlib.Path(foregsyte.__file__).parent / "_google/rpc/_status_pb2.py"
    (tmp_path / "google/rpc").mkdir(parents=True)
    (tmp_path / "google/rpc/status_pb2.py").write_bytes(source.read_bytes())
    code = (
        "import sys, google; google.__path__.append(sys.argv[1] + '/google')\n"
        "from foregsyte._google.rpc.status_pb2 import Status\n"
        "from google.rpc.status_pb2 import Status as other\n"
        "assert Status is other\n"
    )

    run = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
