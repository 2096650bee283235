"""The video of an upload: its identity and its missing parts."""

from __future__ import annotations

import hashlib
import os
import pathlib
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from foregsyte.v1 import upload_service_pb2

_BLOCK_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True)
class UploadProgress:
    """How far an upload is."""

    stage: str
    """"hashing" while the client reads the file once, "sending", then "completing" while the server checks it."""

    bytes_done: int
    bytes_total: int


Progress = Callable[[UploadProgress], None]
"""Receives the progress of an upload, in the thread or task that called submit."""


class VideoFile:
    """A file that is uploaded; read twice, once for its hash and once for the parts."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        """Takes a file that can seek."""
        self.file, self.name = file, name
        self.size = file.seek(0, os.SEEK_END)

    @staticmethod
    def open(path: str | os.PathLike[str]) -> VideoFile:
        """Opens the file of a path."""
        return VideoFile(pathlib.Path(path).open("rb"), os.fspath(path))

    def __enter__(self) -> VideoFile:
        """Returns the file."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Closes the file."""
        self.file.close()

    def begins_as_mp4(self) -> bool:
        """Whether the first box is "ftyp". The server checks more, but only when all bytes have arrived."""
        self.file.seek(4)
        return self.file.read(4) == b"ftyp"

    def hash_block(self, digest: hashlib._Hash, offset: int) -> int:
        """Adds the bytes from an offset on to a hash; returns how many, 0 at the end."""
        self.file.seek(offset)
        block = self.file.read(_BLOCK_BYTES)
        digest.update(block)
        return len(block)

    def read(self, offset: int, length: int) -> bytes:
        """Reads a part.

        Raises:
            OSError: The file became shorter.
        """
        self.file.seek(offset)
        data = self.file.read(length)
        if len(data) < length:
            raise OSError(f"{self.name} became shorter during the upload. Submit it again when it is complete.")
        return data


def report(progress: Progress | None, stage: str, done: int, total: int) -> None:
    """Calls the callback, if there is one."""
    if progress is not None:
        progress(UploadProgress(stage, done, total))


def missing_parts(
    size: int, part_bytes: int, ranges: Iterable[upload_service_pb2.ByteRange]
) -> Iterator[tuple[int, int]]:
    """Yields offset and length of the parts that have not arrived.

    Args:
        size: Size of the video.
        part_bytes: Maximum size of a part.
        ranges: What has arrived, ascending.
    """
    position = 0
    for start, end in [*((part.start, part.end) for part in ranges), (size, size)]:
        for offset in range(position, start, part_bytes):
            yield offset, min(part_bytes, start - offset)
        position = max(position, end)


def request_id_of_upload(sha256: str, request_id: str) -> str:
    """Returns the request_id of CreateUpload for a video, always the same one.

    So the server returns the unfinished upload of an earlier process, and nothing has to be kept on this machine.

    Args:
        sha256: Hash of the video.
        request_id: request_id of the submission; empty if the caller gave none.
    """
    digest = hashlib.sha256(f"foregsyte upload\n{sha256}\n{request_id}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))
