// Reads messages from JSON (for example a stored results document) or protobuf, and writes them in both formats.
//   node examples/node/convert.js foregsyte.v1.ResultsDocument OUTPUT_FOLDER data/video_jobs/*_results.json
import { readFileSync, writeFileSync } from "node:fs";
import { join, parse } from "node:path";
import { createRegistry, fromBinary, fromJsonString, toBinary, toJsonString } from "@bufbuild/protobuf";
import { file_foregsyte_inference_v1_inference_service } from "./stubs/foregsyte/inference/v1/inference_service_pb.js";
import { file_foregsyte_v1_job_service } from "./stubs/foregsyte/v1/job_service_pb.js";
import { file_google_rpc_error_details } from "./stubs/google/rpc/error_details_pb.js";

const [typeName, output, ...paths] = process.argv.slice(2);
const withImports = (file) => [file, ...file.dependencies.flatMap(withImports)];
// The registry also has the details of errors, which are google.protobuf.Any.
const files = [
  file_foregsyte_inference_v1_inference_service, file_foregsyte_v1_job_service, file_google_rpc_error_details,
];
const registry = createRegistry(...files.flatMap(withImports));
const schema = registry.getMessage(typeName);
for (const path of paths) {
  // A newer server may write fields and values that these stubs do not know; ignore them.
  const message = path.endsWith(".json")
    ? fromJsonString(schema, readFileSync(path, "utf8"), { ignoreUnknownFields: true, registry })
    : fromBinary(schema, readFileSync(path));
  const json = toJsonString(schema, message, { useProtoFieldName: true, prettySpaces: 2, registry });
  const target = join(output, parse(path).name);
  writeFileSync(`${target}.json`, json);
  writeFileSync(`${target}.binpb`, toBinary(schema, message));
}
