"""OpenCV's DNN module in a plain loop: VideoCapture, blobFromImage, forward, NMSBoxes; one frame a run.

    /usr/bin/python3 opencv_dnn.py MODEL VIDEO STRIDE THREADS CONFIDENCE OVERLAP

Prints one line of JSON. The clock starts when the model is loaded and has run once.

OpenCV 4.6 (Debian 12) reads a Split of ONNX opset 13 as one into equal parts and then fails on NanoDet's shapes. So the
file's Splits are written as Slices before it is loaded: the same weights, the same arithmetic.
"""

import json
import sys
import time

import cv2
import numpy as np
import onnx
from onnx import helper, numpy_helper

SIDE = 416
CLASSES = 80
MEAN = (103.53, 116.28, 123.675)  # blue, green, red
DEVIATION = np.array((57.375, 57.12, 58.395), np.float32).reshape(1, 3, 1, 1)


def without_splits(path):
    model = onnx.load(path)
    constants = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        if node.op_type != "Split":
            nodes.append(node)
            continue
        axis = next(item.i for item in node.attribute if item.name == "axis")
        start = 0
        for output, size in zip(node.output, constants[node.input[1]]):
            names = []
            for what, value in (("start", start), ("end", start + int(size)), ("axis", axis)):
                names.append(f"{output}_{what}")
                model.graph.initializer.append(numpy_helper.from_array(np.array([value], np.int64), names[-1]))
            nodes.append(helper.make_node("Slice", [node.input[0], *names], [output]))
            start += int(size)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    for side in model.graph.input[0].type.tensor_type.shape.dim[2:]:
        side.dim_value = SIDE
    return np.frombuffer(model.SerializeToString(), np.uint8)


def boxes_of(outputs, confidence):
    """Left, top, width and height in pixels of the model, and the confidences."""
    boxes, confidences = [], []
    for stride in (8, 16, 32):
        columns = SIDE // stride
        level = [output[0] for output in outputs if output.shape[1] == columns * columns]
        scores = next(output for output in level if output.shape[1] == CLASSES)
        sides = next(output for output in level if output.shape[1] != CLASSES)
        best = scores.max(axis=1)
        cells = np.flatnonzero(best >= confidence)
        if cells.size == 0:
            continue
        logits = sides[cells].reshape(cells.size, 4, -1)
        weights = np.exp(logits - logits.max(axis=2, keepdims=True))
        distances = (weights * np.arange(logits.shape[2])).sum(axis=2) / weights.sum(axis=2) * stride
        x = (cells % columns + 0.5) * stride
        y = (cells // columns + 0.5) * stride
        left, top = np.clip(x - distances[:, 0], 0, SIDE), np.clip(y - distances[:, 1], 0, SIDE)
        right, bottom = np.clip(x + distances[:, 2], 0, SIDE), np.clip(y + distances[:, 3], 0, SIDE)
        boxes.extend(np.stack((left, top, right - left, bottom - top), axis=1).tolist())
        confidences.extend(best[cells].tolist())
    return boxes, confidences


def main():
    model, video, stride, threads, confidence, overlap = sys.argv[1:7]
    stride, confidence, overlap = int(stride), float(confidence), float(overlap)
    cv2.setNumThreads(int(threads))
    net = cv2.dnn.readNetFromONNX(without_splits(model))
    names = net.getUnconnectedOutLayersNames()
    net.setInput(np.zeros((1, 3, SIDE, SIDE), np.float32))
    net.forward(names)

    start = time.perf_counter()
    index = frames = detections = 0
    capture = cv2.VideoCapture(video)
    while capture.grab():
        if index % stride == 0:
            _, frame = capture.retrieve()
            blob = cv2.dnn.blobFromImage(frame, 1, (SIDE, SIDE), MEAN, swapRB=False)
            net.setInput(blob / DEVIATION)
            boxes, confidences = boxes_of(net.forward(names), confidence)
            detections += len(cv2.dnn.NMSBoxes(boxes, confidences, confidence, overlap))
            frames += 1
        index += 1
    seconds = time.perf_counter() - start
    print(json.dumps({
        "seconds": seconds, "frames": frames, "detections": detections,
        "versions": f"OpenCV {cv2.__version__}, Python {sys.version.split()[0]}",
    }))


main()
