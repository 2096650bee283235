// Prints who was seen in the video of a job from when to when: its object tracks, page by page.
//   out/examples/cpp/tracks 127.0.0.1:5200 JOB_ID
#include <chrono>
#include <iostream>
#include <memory>
#include <string>

#include <grpcpp/grpcpp.h>

#include "foregsyte/v1/job_service.grpc.pb.h"

namespace v1 = foregsyte::v1;

constexpr std::chrono::seconds kDeadline{30};

int main(int count, char** arguments) {
  if (count != 3) {
    std::cerr << "usage: tracks HOST:PORT JOB_ID\n";
    return 2;
  }
  const auto jobs =
      v1::JobService::NewStub(grpc::CreateChannel(arguments[1], grpc::InsecureChannelCredentials()));
  v1::ListObjectTracksRequest request;
  request.set_job_id(arguments[2]);
  request.set_page_size(5);
  // Only an empty token marks the last page.
  do {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kDeadline);
    v1::ListObjectTracksResponse page;
    const grpc::Status status = jobs->ListObjectTracks(&context, request, &page);
    if (!status.ok()) {
      std::cerr << "error: " << status.error_message() << '\n';
      return 1;
    }
    for (const auto& track : page.object_tracks()) {
      std::cout << track.label() << ' ' << track.track_id() << ": " << track.first().frame_timestamp_ms() << " to "
                << track.last().frame_timestamp_ms() << " ms, in " << track.frames_seen() << " frames\n";
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
}
