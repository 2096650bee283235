"""Compares the simplified models with the originals on frames of the sample.

    apt-get install python3-numpy python3-opencv python3-onnx ffmpeg nodejs
    npm install --ignore-scripts --prefix /tmp/reference onnxruntime-node
    /usr/bin/python3 compare.py /tmp/reference/node_modules [FOLDER_OF_ORIGINALS]

Prints the maximum difference of each model's outputs. Fails if one exceeds its limit, or if the reference decoders
(tests/InferenceService.Tests/Reference) find different objects, regions or text: classes and characters must be equal,
numbers must agree within NUMBERS.
"""

import pathlib
import sys
import tempfile

import cv2
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests/InferenceService.Tests/Reference"))
import make_reference  # noqa: E402
from reference_run import MODELS, ROOT, frame, run  # noqa: E402

FRAMES = (5, 20, 50, 90)
# Probabilities, scores and logits; CenterNet's distances are pixels.
LIMITS = {"centernet_mbv3_512": 5e-3, "ch_PP-OCRv4_det_infer": 1e-4, "ch_PP-OCRv4_rec_infer": 1e-4,
          "ch_ppocr_mobile_v2.0_cls_infer": 1e-5, "nanodet_g_416": 1e-4}
NUMBERS = 5e-3  # pixels of a box; confidences differ by less


def agree(before, after):
    if isinstance(before, float):
        return abs(before - after) <= NUMBERS
    if isinstance(before, dict):
        return before.keys() == after.keys() and all(agree(before[key], after[key]) for key in before)
    if isinstance(before, list):
        return len(before) == len(after) and all(map(agree, before, after))
    return before == after


class Comparison:
    def __init__(self, originals, node_modules, folder):
        self.originals, self.node_modules, self.folder = originals, node_modules, folder
        self.differences, self.greatest = {}, {}

    def run(self, use_original):
        """A runner for the reference decoders that runs both models and returns the outputs of one."""
        def run_model(model, tensor):
            original = run(self.originals / model.name, tensor, self.node_modules, self.folder)
            simplified = run(MODELS / model.name, tensor, self.node_modules, self.folder)
            self.note(model.stem, original, simplified)
            return original if use_original else simplified
        return run_model

    def note(self, name, original, simplified):
        for before, after in zip(original, simplified, strict=True):
            assert before.shape == after.shape and np.isfinite(after).all(), f"{name}: {before.shape} {after.shape}"
            self.differences[name] = max(self.differences.get(name, 0), float(np.abs(before - after).max()))
            self.greatest[name] = max(self.greatest.get(name, 0), float(np.abs(before).max()))


def read(image, run_model):
    """All findings of the reference decoders in a frame, with their rounding."""
    direction = cv2.resize(image[12:44, 16:208, ::-1], (192, 48)).astype(np.float32).transpose(2, 0, 1) / 127.5 - 1
    # Two lines, because the batch size must stay variable.
    facing = run_model(MODELS / "ch_ppocr_mobile_v2.0_cls_infer.onnx", np.stack([direction, direction[:, ::-1, ::-1]]))
    rows = np.stack([cv2.resize(image[top:top + 48, :640], (640, 48)) for top in range(0, 192, 48)])
    run_model(MODELS / "ch_PP-OCRv4_rec_infer.onnx", rows[..., ::-1].transpose(0, 3, 1, 2) / 127.5 - 1)
    return {
        "nanodet": make_reference.nanodet(image, run_model),
        "centernet": make_reference.centernet(image, run_model),
        "regions": make_reference.text_cores(make_reference.text_map(image, run_model)),
        "text": make_reference.recognition(image, run_model),
        "direction": facing[0].argmax(-1).tolist(),
    }


def main():
    originals = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT.parent / "shared/models"
    if not (originals / "nanodet_g_416.onnx").exists():
        print(f"SKIPPED: {originals} has no original models; data/models/README.md says where they come from")
        return 0
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        comparison = Comparison(originals, sys.argv[1], folder)
        for index in FRAMES:
            image = frame(index)
            before, after = (read(image, comparison.run(use_original)) for use_original in (True, False))
            found = f"{len(before['nanodet'])} + {len(before['centernet'])} objects, {len(before['regions'])} regions"
            same = agree(before, after)
            print(f"frame {index}: {found}, {before['text']['text']!r}: {'the same' if same else 'DIFFERENT'}")
            if not same:
                print(*(f"  {key}: {before[key]}\n  {' ' * len(key)}  {after[key]}" for key in before
                        if not agree(before[key], after[key])), sep="\n")
            failed |= not same
    for name, limit in LIMITS.items():
        difference = comparison.differences[name]
        print(f"{name}: {difference:.1e} (values up to {comparison.greatest[name]:.4g})")
        failed |= difference > limit
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
