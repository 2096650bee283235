"""Both services as processes on free ports, with a temporary data folder."""

from __future__ import annotations

import os
import pathlib
import queue
import re
import signal
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parents[3]
PEDESTRIANS = ROOT / "data/samples/pedestrians.mp4"
START_SECONDS = 120


class Service:
    """One process, with its log."""

    def __init__(self, name: str, settings: dict[str, str]) -> None:
        arguments = [*self.command(name), *(f"--{key}={value}" for key, value in settings.items())]
        self.name, self.lines = name, list[str]()
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._addresses: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @staticmethod
    def command(name: str) -> list[str]:
        """Returns the command that starts a built service."""
        configuration = os.environ.get("CONFIGURATION", "Release")
        return ["dotnet", str(ROOT / f"src/{name}/bin/{configuration}/net10.0/ForegSyte.{name}.dll")]

    def address(self) -> str:
        """Returns the address at which it listens."""
        address = self._addresses.get(timeout=START_SECONDS)
        if address is None:
            raise RuntimeError(f"{self.name} did not start:\n" + "".join(self.lines[-20:]))
        return address

    def end(self, signal_number: int) -> None:
        """Sends a signal and waits for the end of the process."""
        self.process.send_signal(signal_number)
        self.process.wait(60)
        self._reader.join(60)

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as output:
            for line in output:
                self.lines.append(line)
                if found := re.search(r"Now listening on: *(\S+)", line):
                    self._addresses.put(found[1])
        self._addresses.put(None)


class Installation:
    """Both services."""

    def __init__(self, folder: pathlib.Path, **settings: str) -> None:
        self.backups = folder / "backups"
        self._settings = {
            "Listen:Port": "0",
            "Database:Path": str(folder / "foregsyte.duckdb"),
            "Storage:Root": str(folder / "video_jobs"),
            "Backup:Directory": str(self.backups),
            **settings,
        }
        (folder / "video_jobs").mkdir()
        self._inference = Service(
            "InferenceService", {"Listen:Port": "0", "Video:AllowedRoots:0": str(folder / "video_jobs")}
        )
        self._jobs: Service | None = None
        self.address = ""

    def start(self) -> None:
        """Starts what is not running, and returns when the JobService answers."""
        self._settings["Inference:Addresses:0"] = self._inference.address()
        self.start_jobs()

    def start_jobs(self) -> None:
        """Starts the JobService, at its earlier port."""
        self._jobs = Service("JobService", self._settings)
        self.address = self._jobs.address()
        self._settings["Listen:Port"] = self.address.rpartition(":")[2]

    def kill_jobs(self) -> None:
        """Ends the JobService with kill -9."""
        assert self._jobs
        self._jobs.end(signal.SIGKILL)

    def restart_in_background(self) -> threading.Thread:
        """Kills the JobService and starts it again, while the caller goes on."""
        self.kill_jobs()
        starter = threading.Thread(target=self.start_jobs)
        starter.start()
        return starter

    def stop(self) -> None:
        """Stops both services."""
        for service in (self._jobs, self._inference):
            if service and service.process.poll() is None:
                service.end(signal.SIGTERM)


def free_box(length: int, seed: int) -> bytes:
    """Returns an MP4 box without meaning, which makes a video longer and unlike all others."""
    filling = seed.to_bytes(8, "big") * (length // 8)
    return (8 + len(filling)).to_bytes(4, "big") + b"free" + filling
