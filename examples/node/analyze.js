// Submits a video, waits for its job, reads the results page by page, and reads the details of an error.
//   node examples/node/analyze.js 127.0.0.1:5200 data/samples/pedestrians.mp4
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect } from "./client.js";
import { JobStatus, JobStatusSchema } from "./stubs/foregsyte/v1/job_pb.js";
import { JobService } from "./stubs/foregsyte/v1/job_service_pb.js";

// Every call has a deadline, so a server that hangs cannot block the client.
const deadlineSeconds = 30;
const waitSeconds = 20n;
// Small, so that a short video has several pages; 0 means the server's default (1 MiB).
const pageBytes = 600;
const terminal = [JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED];

const [server, path] = process.argv.slice(2);
const content = readFileSync(path);
const jobs = connect(JobService, server);

/** Creates a durable job from a video. The requestId makes the call safe to retry after a lost response. */
async function submit(pipelineId) {
  const request = {
    source: { case: "content", value: content },
    pipelineId,
    options: { frameStride: 25 },
    // ListJobs finds the job by them: filter: 'tags.camera = "north"'.
    tags: { camera: "north" },
    requestId: randomUUID(),
  };
  return (await jobs.call("submitVideo", request, deadlineSeconds)).job;
}

/** Returns the job when it has ended. Each call returns after a change of the job, or after its timeout. */
async function wait(job) {
  while (!terminal.includes(job.status)) {
    const request = { jobId: job.jobId, etag: job.etag, timeout: { seconds: waitSeconds } };
    job = (await jobs.call("waitJob", request, deadlineSeconds)).job;
  }
  return job;
}

/** Yields the pages of the results. Only an empty token marks the last page. */
async function* pages(job) {
  let pageToken = "";
  do {
    const page = await jobs.call("getJobResults", { jobId: job.jobId, pageBytes, pageToken }, deadlineSeconds);
    yield page;
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}

function printJob(job) {
  const { total, analyzed } = job.summary.frames;
  const status = JobStatusSchema.value[job.status].name;
  console.log(`job: ${status}, ${analyzed} of ${total} frames analyzed`);
  for (const { label, detectionCount } of job.summary.labels) {
    console.log(`label: ${label} ${detectionCount}`);
  }
  for (const { text, frameCount } of job.summary.texts) {
    console.log(`text: ${text} in ${frameCount} frames`);
  }
}

function printFrame({ frameIndex, frameTimestampMs, result }) {
  console.log(`frame ${frameIndex} at ${frameTimestampMs} ms: ${result.text}`);
  for (const { label, confidence, box } of result.detections) {
    console.log(`  ${label} ${Math.trunc(confidence * 100)} % at ${Math.trunc(box.x)},${Math.trunc(box.y)}`);
  }
}

/** Prints the details that client.js read from the trailers. */
function printError(error) {
  const { code, reason, domain, details, metadata, fieldViolations } = error;
  if (!reason) {
    // For example because the server cannot be reached.
    throw error;
  }
  console.log(`error ${code} ${reason} of ${domain}: ${details}`);
  for (const name of Object.keys(metadata).sort()) {
    console.log(`  ${name}: ${metadata[name]}`);
  }
  for (const violation of fieldViolations) {
    console.log(`  field ${violation.field}: ${violation.reason}`);
  }
}

const job = await wait(await submit("yolo_ocr"));
if (job.status !== JobStatus.COMPLETED) {
  throw new Error(`The job ended as ${JobStatusSchema.value[job.status].name}: ${job.errorMessage}`);
}
printJob(job);
let number = 0;
for await (const page of pages(job)) {
  console.log(`page ${++number}`);
  page.results.forEach(printFrame);
}
await submit("nope").catch(printError);
jobs.close();
