// Runs one model on one input with onnxruntime-node, for make_reference.py: node infer.js job.json
const ort = require('onnxruntime-node');
const fs = require('fs');

(async () => {
  const job = JSON.parse(fs.readFileSync(process.argv[2]));
  const bytes = fs.readFileSync(job.input);
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const session = await ort.InferenceSession.create(job.model);
  const outputs = await session.run({ [session.inputNames[0]]: new ort.Tensor('float32', values, job.shape) });
  const written = session.outputNames.map((name, index) => {
    const { data, dims } = outputs[name];
    fs.writeFileSync(`${job.output}.${index}`, Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    return dims;
  });
  fs.writeFileSync(`${job.output}.json`, JSON.stringify(written));
})();
