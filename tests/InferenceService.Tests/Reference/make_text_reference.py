"""Writes text_reference.json: PaddleOCR's text post-processing on small inputs, for the unit tests.

    apt-get install python3-numpy python3-opencv python3-pyclipper
    /usr/bin/python3 make_text_reference.py

The functions follow PaddleOCR 2.7 (ppocr/postprocess/db_postprocess.py, rec_postprocess.py, ppocr/data/imaug/
operators.py, tools/infer/predict_system.py) and share no code with the service. Thresholds are those of the shipped
catalogue, written down here a second time.
"""

import itertools
import json
import math
import pathlib

import cv2
import numpy as np
import pyclipper

HERE = pathlib.Path(__file__).resolve().parent
PIXEL, BOX, UNCLIP, MINIMUM_SIDE = 0.3, 0.6, 2.0, 3


def mini_box(contour):
    """get_mini_boxes: corners from the top left, clockwise, and the shorter side."""
    rectangle = cv2.minAreaRect(contour)
    points = sorted(cv2.boxPoints(rectangle).tolist(), key=lambda point: point[0])
    top_left, bottom_left = (0, 1) if points[1][1] > points[0][1] else (1, 0)
    top_right, bottom_right = (2, 3) if points[3][1] > points[2][1] else (3, 2)
    return [points[i] for i in (top_left, top_right, bottom_right, bottom_left)], min(rectangle[1])


def box_score(values, box):
    """box_score_fast: the mean of the values inside the polygon."""
    box = np.array(box)
    left, right = np.clip([math.floor(box[:, 0].min()), math.ceil(box[:, 0].max())], 0, values.shape[1] - 1)
    top, bottom = np.clip([math.floor(box[:, 1].min()), math.ceil(box[:, 1].max())], 0, values.shape[0] - 1)
    mask = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(mask, [(box - [left, top]).astype(np.int32)], 1)
    return cv2.mean(values[top:bottom + 1, left:right + 1], mask)[0]


def unclip(box, ratio):
    area, length = cv2.contourArea(np.float32(box)), cv2.arcLength(np.float32(box), True)
    offset = pyclipper.PyclipperOffset()
    offset.AddPath([[round(v * 100) for v in point] for point in box], pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    return np.float32(offset.Execute(area * ratio / length * 100)[0]) / 100


def boxes(values):
    """boxes_from_bitmap, without the scaling to the size of the picture."""
    contours, _ = cv2.findContours((values > np.float32(PIXEL)).astype(np.uint8), cv2.RETR_LIST,
                                   cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in contours:
        box, side = mini_box(contour)
        if side < MINIMUM_SIDE or box_score(values, box) < BOX:
            continue
        score = box_score(values, box)
        grown, _ = mini_box(unclip(box, UNCLIP).reshape(-1, 1, 2))
        # OpenCV's coordinates are centers of pixels, the service's are edges: half a pixel between them.
        found.append({"corners": [[round(v + 0.5, 2) for v in point] for point in grown], "score": round(score, 4)})
    return sorted(found, key=lambda item: -item["score"])


def rotated(center, size, angle):
    return cv2.boxPoints((center, size, angle)).round().astype(np.int32)


def maps():
    """Maps in hundredths. Each has values 0.02 above and below the thresholds."""
    def paint(*shapes, width=240, height=120):
        values = np.zeros((height, width), np.int32)
        for corners, value in shapes:
            cv2.fillPoly(values, [np.int32(corners)], value)
        return values

    def bar(left, top, right, bottom):
        return [[left, top], [right, top], [right, bottom], [left, bottom]]

    return {
        # Of two regions one has a mean just above the box threshold.
        "box_threshold": paint((bar(40, 20, 180, 35), 62), (bar(40, 70, 180, 85), 58)),
        # A bridge just under the pixel threshold leaves two regions, one just above it joins two.
        "pixel_threshold": paint((bar(20, 25, 90, 40), 90), (bar(91, 25, 95, 40), 28), (bar(96, 25, 170, 40), 90),
                                 (bar(20, 75, 90, 90), 90), (bar(91, 75, 95, 90), 32), (bar(96, 75, 170, 90), 90)),
        # Regions of 2 and 4 rows, which OpenCV measures as 1 and 3. (Of 3 rows the service keeps, PaddleOCR drops.)
        "minimum_side": paint((bar(30, 20, 120, 21), 90), (bar(30, 60, 120, 63), 90)),
        # At the edges of the map.
        "border": paint((bar(0, 0, 70, 14), 90), (bar(160, 105, 239, 119), 80)),
        "tilted": paint((rotated((80, 60), (120, 20), 20), 90), (rotated((180, 60), (90, 18), -60), 70)),
        # Taller than wide.
        "vertical": paint((bar(50, 10, 64, 110), 90)),
        # Pixels that touch by a corner are one region.
        "diagonal": paint((bar(40, 20, 99, 39), 90), (bar(100, 40, 159, 59), 90)),
    }


def runs(row):
    """Run lengths of a row: value, count, value, count, …"""
    return [number for value, group in itertools.groupby(row.tolist()) for number in (value, len(list(group)))]


def db():
    return [{"name": name, "width": values.shape[1], "height": values.shape[0],
             "rows": [[len(list(group)), row] for row, group in itertools.groupby(map(runs, values))],
             "boxes": boxes((values / 100).astype(np.float32))} for name, values in maps().items()]


def ctc():
    """CTCLabelDecode on random probabilities, with classes that repeat."""
    random, cases = np.random.default_rng(5), []
    alphabet = ["", *"abc", " "]
    for steps in (1, 5, 12, 40):
        sharp = np.repeat(random.normal(size=(steps, len(alphabet))) * 3, random.integers(1, 4, steps), axis=0)
        odds = np.exp(sharp + random.normal(size=sharp.shape) * 0.3)
        probabilities = (odds / odds.sum(-1, keepdims=True)).round(5)
        best = probabilities.argmax(-1)
        kept = np.ones(len(best), bool)
        kept[1:] = best[1:] != best[:-1]
        kept &= best != 0
        cases.append({"probabilities": probabilities.tolist(), "text": "".join(alphabet[i] for i in best[kept]),
                      "confidence": round(float(probabilities.max(-1)[kept].mean()) if kept.any() else 0, 5)})
    return {"alphabet": alphabet, "cases": cases}


def sorted_boxes(corners):
    """sorted_boxes of predict_system.py; gives indexes."""
    order = sorted(range(len(corners)), key=lambda i: (corners[i][0][1], corners[i][0][0]))
    for i in range(len(order) - 1):
        for j in range(i, -1, -1):
            a, b = corners[order[j]][0], corners[order[j + 1]][0]
            if abs(b[1] - a[1]) < 10 and b[0] < a[0]:
                order[j], order[j + 1] = order[j + 1], order[j]
            else:
                break
    return order


def order():
    """Pages of words in rows, not quite level, in any order: PaddleOCR and the service agree on these."""
    random, pages = np.random.default_rng(11), []
    for rows, columns in ((1, 5), (4, 3), (6, 6)):
        words = [(40 + 90 * column + int(random.integers(0, 20)), 30 + 40 * row + int(random.integers(-2, 3)))
                 for row in range(rows) for column in range(columns)]
        random.shuffle(words)
        corners = [[[x, y], [x + 60, y], [x + 60, y + 22], [x, y + 22]] for x, y in map(lambda w: map(int, w), words)]
        pages.append({"corners": corners, "order": sorted_boxes(corners)})
    return pages


def sizes():
    """DetResizeForTest (limit_type max, limit_side_len 960) and the width of resize_norm_img at height 48."""
    detected = []
    for width, height in ((768, 576), (1920, 1080), (1080, 1920), (640, 480), (3840, 2160), (961, 541), (100, 20),
                          (960, 960), (1280, 720), (48, 48), (80, 80)):
        ratio = 960 / max(width, height) if max(width, height) > 960 else 1.0
        detected.append({"frame": [width, height], "input": [
            max(int(round(int(side * ratio) / 32) * 32), 32) for side in (width, height)]})
    lines = [{"line": [width, height], "width": math.ceil(48 * width / height)}
             for width, height in ((96, 48), (100, 30), (290, 32), (7, 50), (1000, 24))]
    return {"detection": detected, "recognition": lines}


def main():
    reference = {"db": db(), "ctc": ctc(), "order": order(), "sizes": sizes()}
    (HERE / "text_reference.json").write_text(json.dumps(reference) + "\n")


main()
