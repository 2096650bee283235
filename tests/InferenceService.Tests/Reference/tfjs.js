// Runs a TensorFlow.js graph on one input with its plain CPU backend, for compare_tfjs.py: node tfjs.js job.json
const tf = require('@tensorflow/tfjs');
const fs = require('fs');
const path = require('path');

(async () => {
  const job = JSON.parse(fs.readFileSync(process.argv[2]));
  const description = JSON.parse(fs.readFileSync(job.model));
  const specs = description.weightsManifest.flatMap((group) => group.weights);
  const parts = description.weightsManifest.flatMap((group) => group.paths)
    .map((name) => fs.readFileSync(path.join(path.dirname(job.model), name)));
  const weights = Buffer.concat(parts);
  await tf.setBackend('cpu');
  const graph = await tf.loadGraphModel(tf.io.fromMemory({
    modelTopology: description.modelTopology,
    format: description.format,
    signature: description.signature,
    weightSpecs: specs,
    weightData: weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.byteLength),
  }));
  const bytes = fs.readFileSync(job.input);
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const outputs = graph.execute(tf.tensor(values, job.shape), graph.outputNodes);
  const written = outputs.map((output, index) => {
    const data = output.dataSync();
    fs.writeFileSync(`${job.output}.${index}`, Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    return output.shape;
  });
  fs.writeFileSync(`${job.output}.json`, JSON.stringify(written));
})();
