"""Prints who was seen in the video of a job from when to when: its object tracks, page by page.

    PYTHONPATH=examples/python/stubs /usr/bin/python3 examples/python/tracks.py 127.0.0.1:5200 JOB_ID
"""

import sys

import grpc

from foregsyte.v1 import job_service_pb2_grpc, tracks_pb2

DEADLINE_SECONDS = 30


def tracks(jobs, job_id):
    """Yields the tracks, by id. Only an empty token marks the last page."""
    token = ""
    while True:
        request = tracks_pb2.ListObjectTracksRequest(job_id=job_id, page_size=5, page_token=token)
        page = jobs.ListObjectTracks(request, timeout=DEADLINE_SECONDS)
        yield from page.object_tracks
        token = page.next_page_token
        if not token:
            return


def main(server, job_id):
    with grpc.insecure_channel(server) as channel:
        for track in tracks(job_service_pb2_grpc.JobServiceStub(channel), job_id):
            first, last = track.first.frame_timestamp_ms, track.last.frame_timestamp_ms
            print(f"{track.label} {track.track_id}: {first} to {last} ms, in {track.frames_seen} frames")


if __name__ == "__main__":
    main(*sys.argv[1:])
