// Prints the details of an error of `buf curl` as JSON, from its standard error:
//   buf curl … 2>&1 | node eng/error-details.js
// grpcurl does not need it: it reads the types through reflection.
const { execFileSync } = require("node:child_process");
const { join } = require("node:path");

const root = join(__dirname, "..");
const { details = [] } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
for (const { type, value } of details) {
  const json = execFileSync(
    join(root, "node_modules/.bin/buf"),
    ["convert", join(root, "protos"), "--type", type, "--from", "-#format=binpb", "--to", "-#format=json"],
    { input: Buffer.from(value, "base64"), encoding: "utf8" },
  );
  console.log(`${type} ${JSON.stringify(JSON.parse(json), null, 2)}`);
}
