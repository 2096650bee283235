"""Addresses, keys, TLS, timeouts, and servers that are away."""

from __future__ import annotations

import inspect
import pathlib
import re
import shutil
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from services import PEDESTRIANS, ROOT, Installation, Service

from foregsyte import Client, ClientOptions, Job, JobStatus, UploadProgress, errors
from foregsyte._channels import Address

ONE_ATTEMPT = ClientOptions(max_attempts=1)


def test_killed_server_ends_neither_follow_nor_job(own_services: Installation) -> None:
    restart = None
    with Client(own_services.address) as client:
        job = client.submit(PEDESTRIANS, pipeline_id="detect_only")
        for state in client.follow(job.job_id):
            if restart is None and state.status == JobStatus.JOB_STATUS_RUNNING:
                restart = own_services.restart_in_background()
        assert restart
        restart.join()

        assert state.status == JobStatus.JOB_STATUS_COMPLETED
        assert len(state.attempts) == 2


def test_server_that_is_away_is_named() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        with Client(address, options=ONE_ATTEMPT) as client, pytest.raises(errors.UnavailableError) as failure:
            client.server_info()

    assert f"No ForegSyte server at {address}" in failure.value.message
    assert failure.value.is_retryable


def test_server_that_does_not_answer_is_named() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with Client(address) as client, pytest.raises(errors.DeadlineExceededError) as failure:
            client.server_info(timeout=0.2)

    assert failure.value.message == (
        f"{address} did not answer in time. Check that the server is reachable, or set a longer timeout."
    )


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_timeout_that_is_not_greater_than_zero_is_refused_by_every_method(timeout: float) -> None:
    values = {"job_id": "0", "text": "gate", "pipeline_id": "detect_only", "content": b"video", "priority": 9}
    names = {name for name, _ in inspect.getmembers(Client, inspect.isfunction) if not name.startswith("_")} - {"close"}
    with Client("127.0.0.1:1", options=ClientOptions(max_attempts=1, max_outage=0)) as client:
        for name in names:
            method = getattr(client, name)
            arguments = {key: value for key, value in values.items() if key in inspect.signature(method).parameters}
            with pytest.raises(ValueError, match=f"timeout must be greater than 0 s, not {timeout}"):
                # Iterators make their calls on demand.
                next(method(**arguments, timeout=timeout))


def test_timeout_of_a_submission_is_checked_before_its_upload(client: Client, large_video: pathlib.Path) -> None:
    seen: list[UploadProgress] = []

    with pytest.raises(ValueError, match="timeout must be greater than 0 s"):
        client.submit(large_video, pipeline_id="detect_only", transfer="upload", progress=seen.append, timeout=0)

    assert not seen


def test_threads_share_a_client(client: Client, completed: Job) -> None:
    def read(_: int) -> list[int]:
        assert client.wait(completed.job_id).status == JobStatus.JOB_STATUS_COMPLETED
        return [frame.frame_index for frame in client.results(completed.job_id, page_bytes=10_000)]

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(read, range(16))) == [list(range(0, 100, 2))] * 16


@pytest.mark.parametrize(
    ("address", "target", "is_tls", "is_local"),
    [
        ("127.0.0.1:5200", "127.0.0.1:5200", False, True),
        ("http://localhost:6200/", "localhost:6200", False, True),
        ("https://jobs.example.org", "jobs.example.org:443", True, False),
        ("http://[::1]:5200", "[::1]:5200", False, True),
        ("unix:/run/foregsyte/socket", "unix:/run/foregsyte/socket", False, True),
    ],
)
def test_address_is_understood(address: str, target: str, is_tls: bool, is_local: bool) -> None:
    assert Address.parse(address) == Address(address, target, is_tls, is_local)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ftp://host",
        "http://host/path",
        "host:port",
        "host:99999",
        "host:0",
        "host",
        "host:5200?page=1",
        "http://host:5200#part",
        "http://[::1",
    ],
)
def test_wrong_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"'{address}' is not an address. Write HOST:PORT")):
        Client(address)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"address": "jobs.example.org:5200", "api_key": "fgs_a.b"}, "without TLS"),
        ({"api_key": "fgs_a.b", "api_key_file": "/key"}, "only one of api_key and api_key_file"),
        ({"api_key": "two words"}, "printable ASCII"),
        ({"ca_file": "/ca.pem"}, "https address"),
        ({"address": "https://host", "certificate_file": "/certificate.pem"}, "both certificate_file and key_file"),
    ],
)
def test_contradicting_credentials_are_refused(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Client(**arguments)  # type: ignore[arg-type]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing, which makes a certificate")
def test_key_and_tls_let_the_caller_in(tmp_path: pathlib.Path) -> None:
    certificate, private_key = _certificate(tmp_path)
    made = subprocess.run(
        [*Service.command("JobService"), "keys", "new"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    key, entry = re.findall(r"^fgs_\S+$", made, re.MULTILINE)[0], made[made.index("\n{") :]
    (tmp_path / "keys.json").write_text(f'{{"keys": [{entry}]}}', encoding="utf-8")
    (tmp_path / "keys.json").chmod(0o600)
    (tmp_path / "key").write_text(key + "\n", encoding="ascii")
    service = Service(
        "JobService",
        {
            "Listen:Port": "0",
            "Database:Path": str(tmp_path / "foregsyte.duckdb"),
            "Storage:Root": str(tmp_path / "video_jobs"),
            "Security:ApiKeysFile": str(tmp_path / "keys.json"),
            "Listen:Tls:CertificateFile": str(certificate),
            "Listen:Tls:KeyFile": str(private_key),
        },
    )
    try:
        address = service.address()
        for credentials in (
            {"api_key": key},
            {"api_key_file": str(tmp_path / "key")},
        ):
            with Client(address, ca_file=str(certificate), **credentials) as client:  # type: ignore[arg-type]
                assert list(client.list()) == []
        with Client(address, ca_file=str(certificate)) as client, pytest.raises(errors.UnauthenticatedError):
            list(client.list())
        with Client(address, options=ONE_ATTEMPT) as client, pytest.raises(errors.UnavailableError, match="ca_file"):
            client.server_info()
    finally:
        service.end(signal.SIGTERM)


def _certificate(folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """Makes a certificate of 127.0.0.1 that is its own authority."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        + ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
        + ["-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    key.chmod(0o600)
    return certificate, key
