// Times the original and the simplified models in alternating runs:
//   NODE_PATH=/tmp/reference/node_modules node time_models.js FOLDER_OF_ORIGINALS FOLDER [ROUNDS]
// Prints a table with the median and, in parentheses, the minimum of the rounds, in milliseconds. Spinning is off, as
// in the service. On a machine with other work only the ratios are comparable.
const fs = require('fs');
const ort = require('onnxruntime-node');
const path = require('path');

const [originals, folder, rounds = '31'] = process.argv.slice(2);
const RUNS = [
  ['nanodet_g_416', [1, 3, 416, 416]],
  ['centernet_mbv3_512', [1, 512, 512, 3]],
  ['ch_PP-OCRv4_det_infer', [1, 3, 576, 768]],
  ['ch_PP-OCRv4_det_infer', [1, 3, 544, 960]],
  ['ch_PP-OCRv4_rec_infer', [1, 3, 48, 320]],
  ['ch_PP-OCRv4_rec_infer', [1, 3, 48, 640]],
  ['ch_ppocr_mobile_v2.0_cls_infer', [1, 3, 48, 192]],
];

async function runner(file, shape, threads) {
  const session = await ort.InferenceSession.create(file, {
    intraOpNumThreads: threads, interOpNumThreads: 1, graphOptimizationLevel: 'all', logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
  // A smooth wave, because random numbers make some models compute slow denormals.
  const values = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i / 37));
  const feed = { [session.inputNames[0]]: new ort.Tensor('float32', values, shape) };
  const run = async () => {
    const start = process.hrtime.bigint();
    await session.run(feed);
    return Number(process.hrtime.bigint() - start) / 1e6;
  };
  for (let i = 0; i < 3; i++) await run();
  return { run, times: [] };
}

function text({ times }) {
  times.sort((a, b) => a - b);
  return `${times[times.length >> 1].toFixed(1)} (${times[0].toFixed(1)})`;
}

(async () => {
  if (!fs.existsSync(path.join(originals, `${RUNS[0][0]}.onnx`))) {
    console.log(`SKIPPED: ${originals} has no original models; data/models/README.md says where they come from`);
    return;
  }
  console.log('| model | input | threads | original, ms | simplified, ms | ratio |');
  console.log('|---|---|--:|--:|--:|--:|');
  for (const [name, shape] of RUNS) {
    for (const threads of [1, 2]) {
      const before = await runner(path.join(originals, `${name}.onnx`), shape, threads);
      const after = await runner(path.join(folder, `${name}.onnx`), shape, threads);
      for (let i = 0; i < Number(rounds); i++) {
        before.times.push(await before.run());
        after.times.push(await after.run());
      }
      const cells = [name, shape.join('x'), threads, text(before), text(after)];
      const ratio = after.times[after.times.length >> 1] / before.times[before.times.length >> 1];
      console.log(`| ${cells.join(' | ')} | ${ratio.toFixed(2)} |`);
    }
  }
})();
