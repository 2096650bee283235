"""Results, tracks and search, page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import get_args

from foregsyte._async.calls import Calls, time_limit_of
from foregsyte._runtime_async import sleep
from foregsyte.job_options import duration
from foregsyte.types import LineCrossing, TextMatch, ZoneVisit
from foregsyte.v1 import (
    job_service_pb2,
    results_pb2,
    search_service_pb2,
    tracks_pb2,
)


class ReadMethods:
    """Methods that read. `timeout` is the deadline for each page in seconds, including retries."""

    _calls: Calls

    async def results(
        self,
        job_id: str,
        *,
        follow: bool = False,
        start_frame: int = 0,
        every_frame: bool = False,
        page_bytes: int = 0,
        timeout: float | None = None,
    ) -> AsyncIterator[results_pb2.FrameResult]:
        """Yields the results of a job, frame by frame.

        A page has max_attempts attempts. To survive a longer outage, call again with start_frame.

        Args:
            job_id: Id of the job, which may still run.
            follow: Whether to wait for further results until the job has ended; otherwise the results so far.
            start_frame: Index of the first frame.
            every_frame: Also the frames between analyzed ones, with the boxes of tracks.
            page_bytes: Size of a page; 0 means the server's default.
            timeout: Deadline for each page.
        """
        request = job_service_pb2.GetJobResultsRequest(
            job_id=job_id, start_frame=start_frame, every_frame=every_frame, page_bytes=page_bytes
        )
        time_limit = time_limit_of(timeout, self._calls.options.read_deadline)
        etag = ""
        while True:
            page: job_service_pb2.GetJobResultsResponse = await self._calls.run(
                self._calls.jobs.GetJobResults, request, time_limit
            )
            for frame in page.results:
                yield frame
            if not page.next_page_token or not (page.results or follow):
                return
            # Only the first page takes a frame to start at.
            request.page_token, request.start_frame = page.next_page_token, 0
            if not page.results:
                etag = await self._wait_for_change(job_id, etag)

    async def tracks(
        self, job_id: str, *, page_size: int = 0, timeout: float | None = None
    ) -> AsyncIterator[tracks_pb2.ObjectTrack]:
        """Yields who was seen from when to when: the object tracks of a job, by id. Of a running job those so far."""
        request = tracks_pb2.ListObjectTracksRequest(job_id=job_id, page_size=page_size)
        async for page in self._calls.pages(self._calls.jobs.ListObjectTracks, request, timeout):
            for track in page.object_tracks:
                yield track

    async def text_tracks(
        self, job_id: str, *, page_size: int = 0, timeout: float | None = None
    ) -> AsyncIterator[tracks_pb2.TextTrack]:
        """Yields what could be read from when to when: the text tracks of a job, by id."""
        request = tracks_pb2.ListTextTracksRequest(job_id=job_id, page_size=page_size)
        async for page in self._calls.pages(self._calls.jobs.ListTextTracks, request, timeout):
            for track in page.text_tracks:
                yield track

    async def shots(
        self, job_id: str, *, page_size: int = 0, timeout: float | None = None
    ) -> AsyncIterator[tracks_pb2.Shot]:
        """Yields the parts of a job's video between cuts."""
        request = tracks_pb2.ListShotsRequest(job_id=job_id, page_size=page_size)
        async for page in self._calls.pages(self._calls.jobs.ListShots, request, timeout):
            for shot in page.shots:
                yield shot

    async def zone_visits(
        self, job_id: str, zone_id: str = "", *, timeout: float | None = None
    ) -> AsyncIterator[ZoneVisit]:
        """Yields who was in a zone of the job's options and for how long; in any zone without a zone_id."""
        async for track in self.tracks(job_id, timeout=timeout):
            for visit in track.zone_visits:
                if zone_id in ("", visit.zone_id):
                    yield ZoneVisit(track, visit)

    async def line_crossings(
        self, job_id: str, line_id: str = "", *, timeout: float | None = None
    ) -> AsyncIterator[LineCrossing]:
        """Yields who crossed a line of the job's options and when; any line without a line_id."""
        async for track in self.tracks(job_id, timeout=timeout):
            for crossing in track.line_crossings:
                if line_id in ("", crossing.line_id):
                    yield LineCrossing(track, crossing)

    async def search_tracks(
        self,
        label: str = "",
        *,
        min_confidence: float = 0.0,
        zone_id: str = "",
        line_id: str = "",
        job_filter: str = "",
        page_size: int = 0,
        timeout: float | None = None,
    ) -> AsyncIterator[search_service_pb2.TrackMatch]:
        """Finds objects in all completed jobs, those of the newest jobs first. All conditions must hold.

        Args:
            label: Class name, for example "person"; empty means any.
            min_confidence: Minimum confidence of the track, 0 to 1.
            zone_id: Zone that the object was in; empty means any.
            line_id: Line that the object crossed; empty means any.
            job_filter: Filter over the jobs, as in list. At most 1000 code points.
            page_size: Tracks of a page; 0 means the server's default.
            timeout: Deadline for each page.
        """
        request = search_service_pb2.SearchTracksRequest(
            label=label,
            min_confidence=min_confidence,
            zone_id=zone_id,
            line_id=line_id,
            job_filter=job_filter,
            page_size=page_size,
        )
        async for page in self._calls.pages(self._calls.search.SearchTracks, request, timeout):
            for match in page.matches:
                yield match

    async def search_texts(
        self,
        text: str,
        *,
        match: TextMatch = "contains",
        min_confidence: float = 0.0,
        job_filter: str = "",
        page_size: int = 0,
        timeout: float | None = None,
    ) -> AsyncIterator[search_service_pb2.TextTrackMatch]:
        """Finds a text in all completed jobs, those of the newest jobs first.

        Args:
            text: The text, in any case; spaces and punctuation do not count. At most 255 code points.
            match: "exact" for readings that equal the text, "contains" for those that contain it, or "fuzzy" for those
                that contain it with a few wrong characters: one for each 4 of the text.
            min_confidence: Minimum confidence of the text track, 0 to 1.
            job_filter: Filter over the jobs, as in list. At most 1000 code points.
            page_size: Texts of a page; 0 means the server's default.
            timeout: Deadline for each page.

        Raises:
            ValueError: match is not one of its words.
        """
        if match not in get_args(TextMatch):
            raise ValueError(f"match must be exact, contains or fuzzy, not '{match}'.")
        request = search_service_pb2.SearchTextsRequest(
            text=text,
            match=search_service_pb2.TextMatch.Value(f"TEXT_MATCH_{match.upper()}"),
            min_confidence=min_confidence,
            job_filter=job_filter,
            page_size=page_size,
        )
        async for page in self._calls.pages(self._calls.search.SearchTexts, request, timeout):
            for found in page.matches:
                yield found

    async def _wait_for_change(self, job_id: str, etag: str) -> str:
        """Waits until the etag of a job differs; returns the new one. Without an etag it returns at once."""
        options = self._calls.options
        request = job_service_pb2.WaitJobRequest(
            job_id=job_id, etag=etag, timeout=duration(options.long_poll_timeout)
        )
        response = await self._calls.run(
            self._calls.jobs.WaitJob, request, options.long_poll_timeout + options.long_poll_grace
        )
        changed: str = response.job.etag
        if changed == etag:
            # Prevents a tight loop if the server returns at once without a change.
            await sleep(options.retry_base_delay)
        return changed
