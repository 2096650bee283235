// Prints a part of a file as the JSON of an UploadPartRequest, with its CRC-32C:
//   node eng/upload-part.js FILE UPLOAD_ID OFFSET [LENGTH] | buf curl … -d @- …
// Without a length the part goes to the end of the file.
const { fstatSync, openSync, readSync } = require("node:fs");

const [path, uploadId, offset, length = "Infinity"] = process.argv.slice(2);
const file = openSync(path);
const data = Buffer.alloc(Math.min(Number(length), fstatSync(file).size - Number(offset)));
readSync(file, data, 0, data.length, Number(offset));

// RFC 3720, section 12.1: the polynomial 0x1EDC6F41 with its bits reversed.
const castagnoli = Int32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit++) {
    value = (value >>> 1) ^ (value & 1 ? 0x82f63b78 : 0);
  }
  return value;
});
const crc32c = ~data.reduce((crc, byte) => (crc >>> 8) ^ castagnoli[(crc ^ byte) & 0xff], -1) >>> 0;

console.log(JSON.stringify({ upload_id: uploadId, offset, data: data.toString("base64"), crc32c }));
