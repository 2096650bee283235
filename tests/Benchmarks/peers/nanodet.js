'use strict';
// NanoDet as data/models/README.md describes it: the tensor from packed 8-bit pixels, the boxes from the outputs.

const SIDE = 416;
const CLASSES = 80;
const MEAN = [103.53, 116.28, 123.675]; // blue, green, red
const DEVIATION = [57.375, 57.12, 58.395];

// Pixels are SIDE x SIDE x 3 bytes; blueAt and redAt tell the order. Returns [1, 3, SIDE, SIDE] in the order BGR.
function toTensor(pixels, blueAt, redAt) {
  const plane = SIDE * SIDE;
  const tensor = new Float32Array(3 * plane);
  const source = [blueAt, 1, redAt];
  for (let channel = 0; channel < 3; channel++) {
    const scale = 1 / DEVIATION[channel];
    const offset = -MEAN[channel] * scale;
    let target = channel * plane;
    for (let at = source[channel]; at < 3 * plane; at += 3) {
      tensor[target++] = pixels[at] * scale + offset;
    }
  }
  return tensor;
}

// Mean of a distribution over the bins 0, 1, 2, ... that is given as logits.
function expectation(values, start, bins) {
  let largest = -Infinity;
  for (let bin = 0; bin < bins; bin++) largest = Math.max(largest, values[start + bin]);
  let sum = 0;
  let weighted = 0;
  for (let bin = 0; bin < bins; bin++) {
    const weight = Math.exp(values[start + bin] - largest);
    sum += weight;
    weighted += weight * bin;
  }
  return weighted / sum;
}

function overlap(a, b) {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const both = width * height;
  const area = (box) => (box.right - box.left) * (box.bottom - box.top);
  return both / (area(a) + area(b) - both);
}

// Boxes in pixels of the picture, suppressed across classes.
function detect(outputs, confidence, overlapLimit, pictureWidth, pictureHeight) {
  const all = Object.values(outputs);
  const boxes = [];
  for (const stride of [8, 16, 32]) {
    const columns = SIDE / stride;
    const cells = columns * columns;
    const scores = all.find((output) => output.dims[1] === cells && output.dims[2] === CLASSES).data;
    const distances = all.find((output) => output.dims[1] === cells && output.dims[2] !== CLASSES);
    const sides = distances.dims[2];
    const bins = sides / 4;
    for (let cell = 0; cell < cells; cell++) {
      let best = 0;
      for (let label = 1; label < CLASSES; label++) {
        if (scores[cell * CLASSES + label] > scores[cell * CLASSES + best]) best = label;
      }
      const score = scores[cell * CLASSES + best];
      if (score < confidence) continue;
      const x = ((cell % columns) + 0.5) * stride;
      const y = (Math.floor(cell / columns) + 0.5) * stride;
      const side = (index) => expectation(distances.data, cell * sides + index * bins, bins) * stride;
      const clip = (value, limit) => Math.min(Math.max(value / SIDE, 0), 1) * limit;
      boxes.push({
        score,
        label: best,
        left: clip(x - side(0), pictureWidth),
        top: clip(y - side(1), pictureHeight),
        right: clip(x + side(2), pictureWidth),
        bottom: clip(y + side(3), pictureHeight),
      });
    }
  }

  boxes.sort((a, b) => b.score - a.score);
  const kept = [];
  for (const box of boxes) {
    if (!kept.some((other) => overlap(other, box) > overlapLimit)) kept.push(box);
  }
  return kept;
}

module.exports = { SIDE, toTensor, detect };
