'use strict';
// onnxruntime-node in a plain loop, one frame a run.
//   node onnxruntime_node.js pipe|jpeg MODEL VIDEO STRIDE THREADS CONFIDENCE OVERLAP FOLDER
// pipe: ffmpeg gives the frames over a pipe, scaled to the model's size.
// jpeg: ffmpeg writes a JPEG for each frame into FOLDER first; then each is read, scaled and looked at.
// Prints one line of JSON. The clock starts when the model is loaded and has run once.

const fs = require('node:fs');
const path = require('node:path');
const { spawn } = require('node:child_process');
const ort = require('onnxruntime-node');
const { SIDE, toTensor, detect } = require('./nanodet.js');

const [way, model, video, stride, threads, confidence, overlapLimit, folder] = process.argv.slice(2);
const FRAME_BYTES = SIDE * SIDE * 3;
const SELECT = `select=not(mod(n\\,${Number(stride)}))`;

function ffmpeg(...args) {
  const child = spawn('ffmpeg', ['-v', 'error', '-nostdin', '-threads', threads, '-i', video, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`ffmpeg ended with ${code}`))));
  });
  return { output: child.stdout, ended };
}

async function* framesOfPipe() {
  const { output, ended } = ffmpeg(
    '-vf', `${SELECT},scale=${SIDE}:${SIDE}:flags=fast_bilinear`, '-fps_mode', 'passthrough',
    '-pix_fmt', 'bgr24', '-f', 'rawvideo', 'pipe:1');
  const frame = Buffer.allocUnsafe(FRAME_BYTES);
  let filled = 0;
  for await (const chunk of output) {
    for (let at = 0; at < chunk.length;) {
      const count = chunk.copy(frame, filled, at, Math.min(chunk.length, at + FRAME_BYTES - filled));
      filled += count;
      at += count;
      if (filled === FRAME_BYTES) {
        yield toTensor(frame, 0, 2);
        filled = 0;
      }
    }
  }
  await ended;
}

async function* framesOfJpegs() {
  const sharp = require('sharp');
  sharp.concurrency(Number(threads));
  await ffmpeg(
    '-vf', SELECT, '-fps_mode', 'passthrough', '-q:v', '2', path.join(folder, '%06d.jpg')).ended;
  for (const name of fs.readdirSync(folder).filter((file) => file.endsWith('.jpg')).sort()) {
    const picture = sharp(path.join(folder, name)).resize(SIDE, SIDE, { fit: 'fill', kernel: 'linear' });
    yield toTensor(await picture.removeAlpha().raw().toBuffer(), 2, 0);
  }
}

async function main() {
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: Number(threads) });
  const run = (tensor) =>
    session.run({ [session.inputNames[0]]: new ort.Tensor('float32', tensor, [1, 3, SIDE, SIDE]) });
  await run(new Float32Array(FRAME_BYTES));

  const start = performance.now();
  let frames = 0;
  let detections = 0;
  for await (const tensor of way === 'jpeg' ? framesOfJpegs() : framesOfPipe()) {
    // The boxes stay in pixels of the model: their number and the work are the same.
    detections += detect(await run(tensor), Number(confidence), Number(overlapLimit), SIDE, SIDE).length;
    frames++;
  }
  const seconds = (performance.now() - start) / 1000;
  console.log(JSON.stringify({
    seconds, frames, detections, versions: `onnxruntime-node ${ort.env.versions.node}, Node.js ${process.version}`,
  }));
}

main().catch((failure) => {
  console.error(failure);
  process.exit(1);
});
