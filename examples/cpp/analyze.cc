// Submits a video, waits for its job, reads the results page by page, and reads the details of an error.
//   out/examples/cpp/analyze 127.0.0.1:5200 data/samples/pedestrians.mp4
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include <grpcpp/grpcpp.h>

#include "foregsyte/v1/job_service.grpc.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace v1 = foregsyte::v1;

// Every call has a deadline, so a server that hangs cannot block the client.
constexpr std::chrono::seconds kDeadline{30};
constexpr int kWaitSeconds = 20;
// Small, so that a short video has several pages; 0 means the server's default (1 MiB).
constexpr int kPageBytes = 600;

// A failed call; details contains the serialized google.rpc.Status from its trailers.
struct CallError : std::runtime_error {
  explicit CallError(const grpc::Status& status)
      : std::runtime_error(status.error_message()), details(status.error_details()) {}
  std::string details;
};

// Makes a unary call of a stub, for example call(stub, &Stub::GetJob, request).
template <typename Request, typename Response>
Response call(v1::JobService::Stub& jobs,
              grpc::Status (v1::JobService::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
              const Request& request) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  Response response;
  const grpc::Status status = (jobs.*method)(&context, request, &response);
  if (!status.ok()) throw CallError(status);
  return response;
}

std::string random_uuid() {
  std::string id;
  std::getline(std::ifstream("/proc/sys/kernel/random/uuid"), id);
  return id;
}

// Creates a durable job from a video. The request_id makes the call safe to retry after a lost response.
v1::Job submit(v1::JobService::Stub& jobs, const std::string& content, const std::string& pipeline) {
  v1::SubmitVideoRequest request;
  request.set_content(content);
  request.set_pipeline_id(pipeline);
  request.mutable_options()->set_frame_stride(25);
  // ListJobs finds the job by them: filter tags.camera = "north".
  (*request.mutable_tags())["camera"] = "north";
  request.set_request_id(random_uuid());
  return call(jobs, &v1::JobService::Stub::SubmitVideo, request).job();
}

bool is_terminal(v1::JobStatus status) {
  return status == v1::JOB_STATUS_COMPLETED || status == v1::JOB_STATUS_FAILED || status == v1::JOB_STATUS_CANCELLED;
}

// Returns the job when it has ended. Each call returns after a change of the job, or after its timeout.
v1::Job wait(v1::JobService::Stub& jobs, v1::Job job) {
  while (!is_terminal(job.status())) {
    v1::WaitJobRequest request;
    request.set_job_id(job.job_id());
    request.set_etag(job.etag());
    request.mutable_timeout()->set_seconds(kWaitSeconds);
    job = call(jobs, &v1::JobService::Stub::WaitJob, request).job();
  }
  return job;
}

void print(const v1::Job& job) {
  const auto& frames = job.summary().frames();
  std::cout << "job: " << v1::JobStatus_Name(job.status()) << ", " << frames.analyzed() << " of " << frames.total()
            << " frames analyzed\n";
  for (const auto& label : job.summary().labels()) {
    std::cout << "label: " << label.label() << ' ' << label.detection_count() << '\n';
  }
  for (const auto& text : job.summary().texts()) {
    std::cout << "text: " << text.text() << " in " << text.frame_count() << " frames\n";
  }
}

void print(const v1::FrameResult& frame) {
  std::cout << "frame " << frame.frame_index() << " at " << frame.frame_timestamp_ms()
            << " ms: " << frame.result().text() << '\n';
  for (const auto& found : frame.result().detections()) {
    // In double precision, as in the other languages.
    const int percent = static_cast<int>(static_cast<double>(found.confidence()) * 100);
    std::cout << "  " << found.label() << ' ' << percent << " % at " << static_cast<int>(found.box().x()) << ','
              << static_cast<int>(found.box().y()) << '\n';
  }
}

// Prints the pages of the results. Only an empty token marks the last page.
void print_pages(v1::JobService::Stub& jobs, const v1::Job& job) {
  v1::GetJobResultsRequest request;
  request.set_job_id(job.job_id());
  request.set_page_bytes(kPageBytes);
  for (int number = 1;; number++) {
    const auto page = call(jobs, &v1::JobService::Stub::GetJobResults, request);
    std::cout << "page " << number << '\n';
    for (const auto& frame : page.results()) print(frame);
    if (page.next_page_token().empty()) return;
    request.set_page_token(page.next_page_token());
  }
}

void print(const CallError& error) {
  google::rpc::Status status;
  // Empty, for example, if the server cannot be reached.
  if (error.details.empty() || !status.ParseFromString(error.details)) throw error;
  google::rpc::ErrorInfo info;
  google::rpc::BadRequest request;
  for (const auto& detail : status.details()) {
    // UnpackTo returns false for a detail of another type.
    detail.UnpackTo(&info) || detail.UnpackTo(&request);
  }
  std::cout << "error " << status.code() << ' ' << info.reason() << " of " << info.domain() << ": "
            << status.message() << '\n';
  for (const auto& [name, value] : std::map<std::string, std::string>(info.metadata().begin(), info.metadata().end())) {
    std::cout << "  " << name << ": " << value << '\n';
  }
  for (const auto& violation : request.field_violations()) {
    std::cout << "  field " << violation.field() << ": " << violation.reason() << '\n';
  }
}

// Returns the exit code.
int analyze(v1::JobService::Stub& jobs, const std::string& content) {
  const v1::Job job = wait(jobs, submit(jobs, content, "yolo_ocr"));
  if (job.status() != v1::JOB_STATUS_COMPLETED) {
    std::cerr << "The job ended as " << v1::JobStatus_Name(job.status()) << ": " << job.error_message() << '\n';
    return 1;
  }
  print(job);
  print_pages(jobs, job);
  try {
    submit(jobs, content, "nope");
  } catch (const CallError& error) {
    print(error);
  }
  return 0;
}

int main(int count, char** arguments) {
  if (count != 3) {
    std::cerr << "usage: analyze HOST:PORT VIDEO\n";
    return 2;
  }
  std::ifstream video(arguments[2], std::ios::binary);
  if (!video) {
    std::cerr << "error: " << arguments[2] << " cannot be read\n";
    return 1;
  }
  const std::string content{std::istreambuf_iterator<char>(video), {}};
  const auto jobs =
      v1::JobService::NewStub(grpc::CreateChannel(arguments[1], grpc::InsecureChannelCredentials()));
  try {
    return analyze(*jobs, content);
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << '\n';
    return 1;
  }
}
