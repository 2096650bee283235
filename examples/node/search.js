// Prints in which videos a text could be read and when, also if the recognizer got some of its characters wrong.
//   node examples/node/search.js 127.0.0.1:5200 "GATE 07"
import { connect } from "./client.js";
import { SearchService, TextMatch } from "./stubs/foregsyte/v1/search_service_pb.js";

const deadlineSeconds = 30;
const [server, text] = process.argv.slice(2);
const search = connect(SearchService, server);

/** Yields the matches, those of the newest jobs first. Only an empty token marks the last page. */
async function* matches() {
  let pageToken = "";
  do {
    const page = await search.call("searchTexts", { text, match: TextMatch.FUZZY, pageToken }, deadlineSeconds);
    yield* page.matches;
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}

for await (const { job, track } of matches()) {
  const times = `${track.first.frameTimestampMs} to ${track.last.frameTimestampMs} ms`;
  console.log(`job ${job.jobId} ${job.displayName}: ${track.text} from ${times}`);
}
search.close();
