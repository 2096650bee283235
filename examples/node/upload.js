// Uploads a video in parts, prints its results while the job runs, and cancels the job after some frames or at Ctrl-C.
//   node examples/node/upload.js 127.0.0.1:5200 data/samples/pedestrians.mp4 [FRAMES]
// Start it again after an interruption of the upload: it sends only the parts that are missing.
import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import grpc from "@grpc/grpc-js";
import { connect } from "./client.js";
import { JobStatus, JobStatusSchema } from "./stubs/foregsyte/v1/job_pb.js";
import { JobService } from "./stubs/foregsyte/v1/job_service_pb.js";
import { UploadService } from "./stubs/foregsyte/v1/upload_service_pb.js";

const deadlineSeconds = 30;
// The server reads the whole video when the upload is complete.
const completionSeconds = 3600;
const waitSeconds = 20n;
const partBytes = 256 * 1024;
const parallelParts = 4;
const attempts = 5;
const { ABORTED, CANCELLED, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE, UNKNOWN } = grpc.status;
const passingCodes = [ABORTED, CANCELLED, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE, UNKNOWN];
const passingReasons = ["TOO_MANY_CALLS", "RATE_LIMITED"];

const [server, path, limit = "Infinity"] = process.argv.slice(2);
const jobs = connect(JobService, server);
const uploads = connect(UploadService, server);

async function hashOf(file) {
  const hash = createHash("sha256");
  for await (const block of createReadStream(file)) {
    hash.update(block);
  }
  return hash.digest();
}

/** Always the same requestId for a video, a UUID of version 4: so a second process gets the upload of the first. */
function requestIdOf(sha256) {
  const bytes = Buffer.from(sha256.subarray(0, 16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Yields offset and length of the parts that have not arrived. */
function* missingParts(size, ranges) {
  let position = 0;
  for (const [start, end] of [...ranges.map(({ start, end }) => [Number(start), Number(end)]), [size, size]]) {
    for (; position < start; position += partBytes) {
      yield [position, Math.min(partBytes, start - position)];
    }
    position = end;
  }
}

/** Sends a part. Sending it again is harmless, so failures that can pass are retried. */
async function sendPart(request) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await uploads.call("uploadPart", request, deadlineSeconds);
    } catch (error) {
      const again = passingCodes.includes(error.code) || passingReasons.includes(error.reason);
      if (!again || attempt === attempts) {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 200 * 2 ** attempt));
    }
  }
}

/** Uploads the file and returns the id of the complete upload. The hash stands in for checksums of the parts. */
async function upload() {
  const sha256 = await hashOf(path);
  const file = await open(path);
  const { size } = await file.stat();
  const request = { sizeBytes: BigInt(size), sha256: sha256.toString("hex"), requestId: requestIdOf(sha256) };
  const { uploadId } = (await uploads.call("createUpload", request, deadlineSeconds)).upload;
  const { ranges, receivedBytes } = (await uploads.call("getUpload", { uploadId }, deadlineSeconds)).upload;
  const parts = missingParts(size, ranges);
  let sent = Number(receivedBytes);
  const send = async () => {
    for (const [offset, length] of parts) {
      const data = Buffer.alloc(length);
      const { bytesRead } = await file.read(data, 0, length, offset);
      if (bytesRead < length) {
        throw new Error(`${path} became shorter during the upload. Start again when it is complete.`);
      }
      await sendPart({ uploadId, offset: BigInt(offset), data });
      console.log(`uploaded ${Math.trunc((100 * (sent += length)) / size)} %`);
    }
  };
  await Promise.all(Array.from({ length: parallelParts }, send));
  await file.close();
  return uploadId;
}

/** Returns a page of results; an empty last one if the job was cancelled before it had any. */
async function pageOf(jobId, pageToken) {
  try {
    return await jobs.call("getJobResults", { jobId, pageToken }, deadlineSeconds);
  } catch (error) {
    if (error.reason === "RESULTS_NOT_READY") {
      return { results: [], nextPageToken: "" };
    }
    throw error;
  }
}

/** Yields the frames of a job as they are finished, until the job has ended. */
async function* results(jobId) {
  let [pageToken, etag] = ["", ""];
  do {
    const page = await pageOf(jobId, pageToken);
    yield page.results;
    pageToken = page.nextPageToken;
    if (page.results.length === 0 && pageToken !== "") {
      const request = { jobId, etag, timeout: { seconds: waitSeconds } };
      const { job } = await jobs.call("waitJob", request, deadlineSeconds);
      etag = job.etag;
      console.log(`progress ${Math.trunc(job.progress.fraction * 100)} %`);
    }
  } while (pageToken !== "");
}

const source = { case: "uploadId", value: await upload() };
// A new id for each run: a run that is killed after this call, before its answer, leaves a job, and the next run
// submits a second one. Keep the id on disk to prevent that.
const submission = { source, pipelineId: "yolo_ocr", requestId: randomUUID() };
const { jobId } = (await jobs.call("submitVideo", submission, completionSeconds)).job;
// A job that ended in the meantime is WRONG_JOB_STATUS.
const cancel = () => jobs.call("cancelJob", { jobId }, deadlineSeconds).catch((error) => console.log(error.message));
process.once("SIGINT", cancel);
let count = 0;
for await (const frames of results(jobId)) {
  for (const { frameIndex, result } of frames) {
    console.log(`frame ${frameIndex}: ${result.detections.length} objects`);
  }
  count += frames.length;
  if (count >= Number(limit)) {
    await cancel();
    break;
  }
}
const { job } = await jobs.call("getJob", { jobId }, deadlineSeconds);
console.log(`job: ${JobStatusSchema.value[job.status].name} after ${count} frames`);
if (job.status === JobStatus.FAILED) {
  throw new Error(`The job failed: ${job.errorMessage}`);
}
process.removeListener("SIGINT", cancel);
jobs.close();
uploads.close();
