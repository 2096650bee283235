"""Writes the reference values of the tests without code of the service.

OpenCV scales the images, onnxruntime-node runs the models, numpy decodes. README.md says how to run it.
"""

import json
import pathlib
import sys
import tempfile

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from reference_run import HERE, MODELS, ROOT, frame, run

FRAME = 20
FRAMES = (20, 50, 90)
YOLOX = ROOT.parent / "shared/models/yolox_nano_416.onnx"  # Its license does not allow committing it.


def suppress(boxes, scores, classes, overlap, width, height):
    boxes = np.clip(np.asarray(boxes, np.float64), 0, [width, height, width, height])
    kept = []
    for i in np.argsort(-np.asarray(scores)):
        def iou(j):
            low, high = np.maximum(boxes[i][:2], boxes[j][:2]), np.minimum(boxes[i][2:], boxes[j][2:])
            inner = np.prod(np.maximum(high - low, 0))
            return inner / (np.prod(boxes[i][2:] - boxes[i][:2]) + np.prod(boxes[j][2:] - boxes[j][:2]) - inner)
        if all(iou(j) <= overlap for j in kept):
            kept.append(i)
    return [{"class_id": int(classes[i]), "confidence": round(float(scores[i]), 5),
             "box": [round(float(v), 3) for v in boxes[i]]} for i in kept]


def nanodet(image, run_model, confidence=0.45, overlap=0.45, width=512, height=384):
    """The input has the shape of the frame."""
    scaled = cv2.resize(image.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)[..., ::-1]
    tensor = (scaled - [103.53, 116.28, 123.675]) / [57.375, 57.12, 58.395]
    outputs = run_model(MODELS / "nanodet_g_416.onnx", tensor.transpose(2, 0, 1)[None])
    boxes, scores, classes = [], [], []
    for stride in (8, 16, 32):
        columns, rows = width // stride, height // stride
        score = next(o for o in outputs if o.shape[1:] == (columns * rows, 80))[0]
        bins = next(o for o in outputs if o.shape[1:] == (columns * rows, 44))[0].reshape(-1, 4, 11)
        odds = np.exp(bins - bins.max(-1, keepdims=True))
        distances = (odds / odds.sum(-1, keepdims=True)) @ np.arange(11) * stride
        y, x = np.divmod(np.arange(columns * rows), columns)
        centres = (np.stack([x, y], 1) + 0.5) * stride
        taken = score.max(-1) >= confidence
        corners = np.concatenate([centres - distances[:, :2], centres + distances[:, 2:]], 1)
        boxes += list(corners[taken] * ([768 / width, 576 / height] * 2))
        scores += list(score.max(-1)[taken])
        classes += list(score.argmax(-1)[taken])
    return suppress(boxes, scores, classes, overlap, 768, 576)


def centernet(image, run_model, confidence=0.4, overlap=0.6):
    scaled = cv2.resize(image, (512, 512), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    outputs = run_model(MODELS / "centernet_mbv3_512.onnx", scaled[None])
    distances = next(o for o in outputs if o.shape[-1] == 4)[0]
    heat = next(o for o in outputs if o.shape[-1] == 80)[0]
    peaks = np.stack([cv2.dilate(heat[..., c], np.ones((3, 3))) == heat[..., c] for c in range(80)], -1)
    best = heat.argmax(-1)
    rows, columns = np.nonzero((heat.max(-1) >= confidence) & np.take_along_axis(peaks, best[..., None], -1)[..., 0])
    boxes, scores, classes = [], [], []
    for y, x in zip(rows, columns):
        left, top, right, bottom = np.maximum(distances[y, x], 0)
        boxes.append(np.array([x * 4 - left, y * 4 - top, x * 4 + right, y * 4 + bottom]) * [1.5, 1.125, 1.5, 1.125])
        scores.append(heat[y, x, best[y, x]])
        classes.append(best[y, x])
    return suppress(boxes, scores, classes, overlap, 768, 576)


def yolox(image, run_model, confidence=0.3, overlap=0.45):
    tensor = np.full((416, 416, 3), 114, np.float32)
    ratio = min(416 / image.shape[0], 416 / image.shape[1])
    height, width = int(image.shape[0] * ratio), int(image.shape[1] * ratio)
    tensor[:height, :width] = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)[..., ::-1]
    output = run_model(YOLOX, tensor.transpose(2, 0, 1)[None])[0][0]
    places = [(x, y, stride) for stride in (8, 16, 32) for y in range(416 // stride) for x in range(416 // stride)]
    places = np.array(places, np.float64)
    centres, sizes = (output[:, :2] + places[:, :2]) * places[:, 2:], np.exp(output[:, 2:4]) * places[:, 2:]
    scores = output[:, 4] * output[:, 5:].max(-1)
    taken = scores >= confidence
    corners = np.concatenate([centres - sizes / 2, centres + sizes / 2], 1)[taken]
    corners *= [image.shape[1] / width, image.shape[0] / height] * 2
    return suppress(corners, scores[taken], output[taken, 5:].argmax(-1), overlap, 768, 576)


def objects(run_model):
    decoders = {"nanodet_g_416": nanodet, "centernet_mbv3_512": centernet, "yolox_nano_416": yolox}
    return [{"model": model, "frame": index, "found": decode(frame(index), run_model)}
            for model, decode in decoders.items() for index in FRAMES]


def text_map(image, run_model):
    tensor = (image / 255.0 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    return run_model(MODELS / "ch_PP-OCRv4_det_infer.onnx", tensor.transpose(2, 0, 1)[None])[0][0, 0]


def text_cores(probabilities):
    """Cores of the text lines, before expansion, from OpenCV's contours and rectangles."""
    contours, _ = cv2.findContours((probabilities > 0.3).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cores = []
    for contour in contours:
        (x, y), (a, b), _ = cv2.minAreaRect(contour)
        if min(a, b) >= 3:
            mask = np.zeros(probabilities.shape, np.uint8)
            cv2.drawContours(mask, [contour], -1, 1, -1)
            cores.append({"centre": [round(x + 0.5, 2), round(y + 0.5, 2)], "sides": sorted([round(a, 2), round(b, 2)]),
                          "mean": round(float(probabilities[mask > 0].mean()), 4)})
    return cores


def recognition(image, run_model):
    """Text and confidence of the caption, cut out by hand."""
    crop = image[12:44, 16:306, ::-1]
    width = int(np.ceil(48 * crop.shape[1] / crop.shape[0]))
    scaled = cv2.resize(crop, (width, 48), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    tensor = np.zeros((1, 3, 48, max(320, -(-width // 32) * 32)), np.float32)
    tensor[0, :, :, :width] = ((scaled / 255 - 0.5) / 0.5).transpose(2, 0, 1)
    probabilities = run_model(MODELS / "ch_PP-OCRv4_rec_infer.onnx", tensor)[0][0]
    alphabet = [""] + (MODELS / "ppocr_keys_v1.txt").read_text().split("\n") + [" "]
    best = probabilities.argmax(-1)
    kept = [t for t in range(len(best)) if best[t] and (t == 0 or best[t] != best[t - 1])]
    return {"crop": [16, 12, 306, 44], "text": "".join(alphabet[best[t]] for t in kept),
            "confidence": round(float(probabilities.max(-1)[kept].mean()), 5)}


def scaling(image):
    """Small images scaled by OpenCV, as floats to avoid rounding."""
    small = image[100:110, 100:114].astype(np.float32)
    return {"crop": [100, 100, 14, 10],
            "targets": [{"width": w, "height": h,
                         "red": [round(float(v), 3) for v in
                                 cv2.resize(small, (w, h), interpolation=cv2.INTER_LINEAR)[..., 0].ravel()]}
                        for w, h in ((7, 5), (9, 13), (14, 10), (31, 4), (28, 20))]}


def rectangles():
    """Areas of OpenCV's minAreaRect around random points."""
    random = np.random.default_rng(1)
    cases = []
    for count in (3, 4, 7, 25, 120):
        points = (random.normal(size=(count, 2)) @ random.normal(size=(2, 2)) * 40 + 300).astype(np.float32)
        _, (a, b), _ = cv2.minAreaRect(points)
        cases.append({"points": [[round(float(x), 4), round(float(y), 4)] for x, y in points], "area": round(a * b, 3)})
    return cases


def tiny_yolov8():
    """A graph with the shapes of an Ultralytics export that always gives the same boxes: [1, 4 + 3, 5]."""
    values = np.array([
        [100, 102, 320, 500, 40],   # center x
        [100, 101, 320, 100, 600],  # center y
        [80, 80, 200, 60, 30],      # width
        [40, 42, 100, 60, 30],      # height
        [.9, .8, .1, .05, .2],      # person
        [.1, .85, .2, .1, .2],      # bicycle
        [.0, .1, .7, .3, .1],       # car
    ], np.float32)[None]
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
         helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
         helper.make_node("Add", ["boxes", "nothing"], ["output0"])],
        "tiny_yolov8",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, 640, 640])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, [1, 7, 5])],
        [numpy_helper.from_array(values, "boxes"), numpy_helper.from_array(np.float32(0), "zero")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="foregsyte-tests")
    model.ir_version = 8
    onnx.save(model, HERE / "tiny_yolov8.onnx")


def main():
    image = frame(FRAME)
    with tempfile.TemporaryDirectory() as folder:
        def run_model(model, tensor):
            return run(model, tensor, sys.argv[1], folder)
        probabilities = text_map(image, run_model)
        reference = {
            "frame": FRAME,
            "objects": objects(run_model),
            "text_cores": text_cores(probabilities),
            "recognition": recognition(image, run_model),
            "scaling": scaling(image),
            "rectangles": rectangles(),
        }
    (HERE / "reference.json").write_text(json.dumps(reference, indent=1) + "\n")
    tiny_yolov8()


if __name__ == "__main__":
    main()
