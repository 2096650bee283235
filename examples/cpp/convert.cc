// Reads messages from JSON (for example a stored results document) or protobuf, and writes them in both formats.
//   out/examples/cpp/convert foregsyte.v1.ResultsDocument OUTPUT_FOLDER data/video_jobs/*_results.json
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>

#include "foregsyte/inference/v1/inference_service.pb.h"
#include "foregsyte/v1/job_service.pb.h"
#include "google/rpc/error_details.pb.h"

namespace fs = std::filesystem;
namespace pb = google::protobuf;

void convert(pb::Message& message, const fs::path& source, fs::path target) {
  std::ifstream input(source, std::ios::binary);
  if (!input) throw std::runtime_error(source.string() + " cannot be read");
  const std::string text{std::istreambuf_iterator<char>(input), {}};
  pb::util::JsonParseOptions reading;
  // A newer server may write fields and values that these stubs do not know; ignore them.
  reading.ignore_unknown_fields = true;
  if (source.extension() == ".json") {
    const auto read = pb::util::JsonStringToMessage(text, &message, reading);
    if (!read.ok()) throw std::runtime_error(source.string() + ": " + read.ToString());
  } else if (!message.ParseFromString(text)) {
    throw std::runtime_error(source.string() + ": no message of this type");
  }

  pb::util::JsonPrintOptions writing;
  writing.preserve_proto_field_names = true;
  writing.add_whitespace = true;
  std::string json;
  const auto written = pb::util::MessageToJsonString(message, &json, writing);
  if (!written.ok()) throw std::runtime_error(source.string() + ": " + written.ToString());
  std::ofstream(target.replace_extension(".json"), std::ios::binary) << json;
  std::ofstream bytes(target.replace_extension(".binpb"), std::ios::binary);
  message.SerializeToOstream(&bytes);
}

int main(int count, char** arguments) {
  // Linking the files registers every message of the contracts, and the details of errors.
  foregsyte::v1::ResultsDocument::descriptor();
  foregsyte::v1::SubmitVideoRequest::descriptor();
  foregsyte::inference::v1::RunPipelineRequest::descriptor();
  google::rpc::ErrorInfo::descriptor();
  const auto* type = count < 3 ? nullptr : pb::DescriptorPool::generated_pool()->FindMessageTypeByName(arguments[1]);
  if (type == nullptr) {
    std::cerr << "usage: convert TYPE OUTPUT_FOLDER FILE...\n";
    return 2;
  }
  for (int index = 3; index < count; index++) {
    const std::unique_ptr<pb::Message> message(
        pb::MessageFactory::generated_factory()->GetPrototype(type)->New());
    const fs::path source(arguments[index]);
    try {
      convert(*message, source, fs::path(arguments[2]) / source.filename());
    } catch (const std::exception& error) {
      std::cerr << "error: " << error.what() << '\n';
      return 1;
    }
  }
}
