"""Types of the arguments and results of both clients."""

from __future__ import annotations

from typing import Literal, NamedTuple

from foregsyte.v1 import tracks_pb2

Transfer = Literal["automatic", "content", "path", "upload"]
"""How a file or bytes get to the server: inside the message ("content"), as a path that the server reads ("path"), in
parts ("upload"), or in the fastest of these ways that the server allows ("automatic")."""

TextMatch = Literal["exact", "contains", "fuzzy"]
"""How much a reading can differ from the text that is looked for."""


class ZoneVisit(NamedTuple):
    """The time that an object spent in a zone."""

    track: tracks_pb2.ObjectTrack
    visit: tracks_pb2.ZoneVisit


class LineCrossing(NamedTuple):
    """An object that crossed a line."""

    track: tracks_pb2.ObjectTrack
    crossing: tracks_pb2.LineCrossing
