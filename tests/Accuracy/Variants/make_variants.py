"""Creates smaller variants of the committed NanoDet: 8-bit integers, and 16-bit floats.

    eng/setup.sh --accuracy; apt-get install python3-numpy python3-opencv python3-onnx ffmpeg nodejs
    npm install --ignore-scripts --prefix /tmp/variants onnxruntime-node@1.30.0
    /usr/bin/python3 make_variants.py /tmp/variants/node_modules OUTPUT_FOLDER

Integers: everything between the fourth convolution and the last ones runs on 8 bits, in ONNX's QuantizeLinear /
DequantizeLinear form. In 8 bits the first three would save 8 % of the time and almost double the error of the
confidences.
1. Channels are scaled to similar ranges. LeakyReLU passes positive factors on, so the network computes the same (Nagel
   et al., Data-Free Quantization Through Weight Equalization and Bias Correction, 2019, section 4.1); the share of
   activations and weights is that of SmoothQuant (Xiao et al., 2023, equation 4, alpha 0.5).
2. Weights are symmetric per output channel, activations asymmetric per tensor. Both have the range with the least
   squared error, for an activation after its LeakyReLU, on pictures of Debian's opencv-doc and of the sample without
   labels in tests/Accuracy/Labels. Tensors that are joined share a range.
Weights use all 8 bits, which overflow on x64 processors without VNNI; InferenceDevice.cs has the setting against it.
"""

import collections
import json
import pathlib
import sys
import tempfile

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/InferenceService.Tests/Reference"))
from reference_run import MODELS, run  # noqa: E402

PACKAGES = ROOT / "out/accuracy/packages"
EXAMPLES = PACKAGES / "usr/share/doc/opencv-doc/examples"
LABELS = ROOT / "tests/Accuracy/Labels"
SOURCE = MODELS / "nanodet_g_416.onnx"
SAMPLES_OF_A_PICTURE = 2500
LIMIT = 127
SHARE_OF_ACTIVATIONS = 0.5
FLOAT_CONVOLUTIONS = 3
SMALLEST_PICTURE_BYTES = 25000
SMALLEST_SIDE = 200
CLASSES = 80


def labels(name):
    return json.loads((LABELS / f"{name}.json").read_text())


def frames(path, indices):
    """Frames of a video by number, as BGR."""
    video, found, index = cv2.VideoCapture(str(path)), [], 0
    while len(found) < len(indices):
        there, picture = video.read()
        if not there:
            break
        if index in indices:
            found.append(picture)
        index += 1
    return found


def calibration():
    """Pictures without labels: the street, the film, the tree, the sample, photos and drawings of opencv-doc."""
    labelled = {source for file in LABELS.glob("*.json") for source in json.loads(file.read_text()).get("sources", [])}
    found = frames(EXAMPLES / "data/vtest.avi",
                   [i for i in range(137, 790, 60) if i not in labels("street")["frames"]])
    found += frames(EXAMPLES / "data/Megamind.avi",
                    [i for i in range(11, 265, 40) if i not in labels("film")["frames"]])
    found += frames(EXAMPLES / "data/tree.avi", [20])
    found += frames(ROOT / "data/samples/pedestrians.mp4", [5, 45, 85])
    for path in sorted(EXAMPLES.rglob("*")):
        if (path.suffix in (".jpg", ".png") and str(path.relative_to(PACKAGES)) not in labelled
                and path.stat().st_size > SMALLEST_PICTURE_BYTES):
            picture = cv2.imread(str(path))
            if picture is not None and min(picture.shape[:2]) >= SMALLEST_SIDE:
                found.append(picture)
    return [tensor(picture) for picture in found]


def input_size(height, width):
    """The input size that InputShape.cs chooses for a picture."""
    sides = range(32, 2001, 32)
    fitting = [(h, w) for h in sides for w in sides if 0.9 * 416 * 416 <= h * w <= 1.15 * 416 * 416]
    return min(fitting, key=lambda size: abs(np.log((size[1] / size[0]) / (width / height))))


def tensor(picture):
    height, width = input_size(*picture.shape[:2])
    scaled = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    return ((scaled - [103.53, 116.28, 123.675]) / [57.375, 57.12, 58.395]).transpose(2, 0, 1)[None].astype(np.float32)


def values(model, names, inputs, node_modules):
    """For each input the values of the named tensors."""
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    del probe.graph.output[:]
    probe.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    with tempfile.TemporaryDirectory() as folder:
        onnx.save(probe, f"{folder}/probe.onnx")
        for one in inputs:
            yield dict(zip(names, run(f"{folder}/probe.onnx", one, node_modules, folder)))


def final_convolutions(graph):
    """The results of the convolutions with no further convolution before an output."""
    makers = {name: node for node in graph.node for name in node.output}
    final, pending = [], [output.name for output in graph.output]
    while pending:
        node = makers.get(pending.pop())
        if node is None or node in final:
            continue
        if node.op_type == "Conv":
            final.append(node)
        else:
            pending.extend(node.input)
    return {node.output[0] for node in final}


def equalize(model, inputs, node_modules):
    """Scales each channel between convolutions, so that 8 bits serve all channels of a tensor."""
    graph = model.graph
    weights = {item.name: numpy_helper.to_array(item).copy() for item in graph.initializer}
    makers = {name: node for node in graph.node for name in node.output}
    convolution_of = {node.output[0]: makers[node.input[0]] for node in graph.node if node.op_type == "LeakyRelu"}

    def parts(name):
        """The LeakyReLUs whose channels a tensor has, in order; none if it has others."""
        if name in convolution_of:
            return [name]
        node = makers.get(name)
        if node is None or node.op_type not in ("Concat", "MaxPool"):
            return []
        found = [parts(source) for source in node.input]
        return [] if [] in found else sum(found, [])

    readers = collections.defaultdict(list)
    for node in graph.node:
        if node.op_type == "Conv":
            offset = 0
            for part in parts(node.input[0]):
                readers[part].append((node, offset))
                offset += len(weights[convolution_of[part].input[1]])

    largest = dict.fromkeys(convolution_of, 0)
    for found in values(model, list(convolution_of), inputs, node_modules):
        for name in convolution_of:
            largest[name] = np.maximum(largest[name], np.quantile(np.abs(found[name]), .9995, axis=(0, 2, 3)))
    for name, convolution in convolution_of.items():
        activations = np.maximum(largest[name], 1e-6)
        channels = len(activations)
        shares = np.zeros(channels)
        for node, offset in readers[name]:
            weight = np.abs(weights[node.input[1]])
            relative = weight[:, offset:offset + channels] / weight.reshape(len(weight), -1).max(1).reshape(-1, 1, 1, 1)
            shares = np.maximum(shares, relative.max((0, 2, 3)))
        scale = activations ** SHARE_OF_ACTIVATIONS / np.maximum(shares, 1e-3) ** (1 - SHARE_OF_ACTIVATIONS)
        scale = np.clip(scale / np.exp(np.log(scale).mean()), 1 / 16, 16)
        weights[convolution.input[1]] /= scale.reshape(-1, 1, 1, 1)
        weights[convolution.input[2]] /= scale
        for node, offset in readers[name]:
            weights[node.input[1]][:, offset:offset + channels] *= scale.reshape(1, -1, 1, 1)
    for item in graph.initializer:
        item.CopyFrom(numpy_helper.from_array(weights[item.name], item.name))


def rounded(sample, low, high):
    scale = (high - low) / 255
    zero = np.clip(np.round(-low / scale), 0, 255)
    return (np.clip(np.round(sample / scale) + zero, 0, 255) - zero) * scale


def best_range(sample, slope):
    """The range with the least squared error after a LeakyReLU with this slope; 1 for none."""
    def activated(x):
        return np.where(x > 0, x, slope * x)

    lowest, highest = min(sample.min(), 0), max(sample.max(), 1e-6)
    lows = [lowest * share for share in (1, .9, .8, .7, .6, .5, .4, .3, .2, .15, .1)] if lowest < 0 else [0.]
    ranges = [(low, highest * share) for low in lows for share in (1, .95, .9, .85, .8, .7, .6, .5, .4)]
    return min(ranges, key=lambda ends: ((activated(rounded(sample, *ends)) - activated(sample)) ** 2).mean())


def activation_ranges(model, nodes, inputs, node_modules):
    """The range of the input and of every result of the nodes."""
    users = collections.defaultdict(list)
    for node in model.graph.node:
        for name in node.input:
            users[name].append(node)
    names, random = [node.output[0] for node in nodes], np.random.default_rng(1)
    samples = collections.defaultdict(list)
    for one, found in zip(inputs, values(model, names, inputs, node_modules)):
        for name in ["input", *names]:
            flat = (one if name == "input" else found[name]).ravel()
            sample = random.choice(flat, min(SAMPLES_OF_A_PICTURE, flat.size))
            samples[name].append(np.concatenate([sample, [flat.min(), flat.max()]]))
    ranges = {}
    for name, parts in samples.items():
        sample, readers = np.concatenate(parts), users[name]
        leaky = len(readers) == 1 and readers[0].op_type == "LeakyRelu"
        slope = next(a.f for a in readers[0].attribute if a.name == "alpha") if leaky else 1
        ranges[name] = (sample.min(), sample.max()) if name == "input" else best_range(sample, slope)
    changed = True
    while changed:
        changed = False
        for node in nodes:
            if node.op_type in ("Concat", "MaxPool", "Resize"):
                joined = [name for name in node.input if name in ranges] + [node.output[0]]
                both = (min(ranges[name][0] for name in joined), max(ranges[name][1] for name in joined))
                changed |= any(ranges[name] != both for name in joined)
                ranges.update(dict.fromkeys(joined, both))
    return ranges


def integer_weights(weight):
    """Integers and, per output channel, the scale with the least squared error."""
    flat = weight.reshape(len(weight), -1)
    widest = np.maximum(np.abs(flat).max(1), 1e-8) / LIMIT
    least, best = np.full(len(weight), np.inf), widest.copy()
    for share in np.arange(.5, 1.001, .025):
        scale = widest * share
        kept = np.clip(np.round(flat / scale[:, None]), -LIMIT - 1, LIMIT) * scale[:, None]
        error = ((kept - flat) ** 2).sum(1)
        better = error < least
        least[better], best[better] = error[better], scale[better]
    scale = best.astype(np.float32)
    return np.clip(np.round(weight / scale.reshape(-1, 1, 1, 1)), -LIMIT, LIMIT).astype(np.int8), scale


def quantize(model, inputs, node_modules):
    equalize(model, inputs[::2], node_modules)
    graph = model.graph
    weights = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    final = final_convolutions(graph)
    after = set(final)
    for node in graph.node:
        if after.intersection(node.input):
            after.update(node.output)
    ranges = activation_ranges(model, [n for n in graph.node if n.output[0] not in after], inputs, node_modules)
    convolutions = [n.output[0] for n in graph.node if n.op_type == "Conv"]
    is_float = True
    nodes, constants, reads = [], {}, collections.Counter()

    def add(name, value):
        constants[name] = np.asarray(value)
        return name

    def scale_of(name):
        low, high = ranges[name]
        return np.float32(max(high - low, 1e-8) / 255)

    def through_integers(name):
        """The tensor after 8 bits; each reader has a DequantizeLinear of its own, as ONNX Runtime's fusions want."""
        low, high = ranges[name]
        scale = max(high - low, 1e-8) / 255
        pair = [add(f"{name}_scale", np.float32(scale)),
                add(f"{name}_zero", np.uint8(np.clip(round(-low / scale), 0, 255)))]
        if not reads[name]:
            nodes.append(helper.make_node("QuantizeLinear", [name, *pair], [f"{name}_int"]))
        result = f"{name}_back{reads[name]}"
        reads[name] += 1
        nodes.append(helper.make_node("DequantizeLinear", [f"{name}_int", *pair], [result]))
        return result

    def constant(name, value, scale):
        pair = [add(f"{name}_scale", scale), add(f"{name}_zero", np.zeros(scale.shape, value.dtype))]
        nodes.append(helper.make_node(
            "DequantizeLinear", [add(f"{name}_int", value), *pair], [f"{name}_back"], axis=0))
        return f"{name}_back"

    for node in graph.node:
        name = node.output[0]
        is_float &= name != convolutions[FLOAT_CONVOLUTIONS]
        if is_float or (name in after and name not in final):
            nodes.append(node)
            continue
        sources = [through_integers(source) if source in ranges else source for source in node.input]
        if node.op_type == "Conv":
            weight, scale = integer_weights(weights[node.input[1]])
            bias_scale = (scale * scale_of(node.input[0])).astype(np.float32)
            bias = np.round(weights[node.input[2]] / bias_scale).astype(np.int32)
            sources = [sources[0], constant(f"{name}_weight", weight, scale),
                       constant(f"{name}_bias", bias, bias_scale)]
        whole = helper.make_node(node.op_type, sources, [name], name=node.name)
        whole.attribute.extend(node.attribute)
        nodes.append(whole)
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    used = {name for node in graph.node for name in node.input}
    kept = [item for item in graph.initializer if item.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    del graph.value_info[:]
    return model


def halve(model):
    """16-bit floats inside, 32-bit floats at the input and the outputs."""
    graph = model.graph
    scales = {name for node in graph.node if node.op_type == "Resize" for name in node.input[1:]}
    for item in graph.initializer:
        if item.data_type == TensorProto.FLOAT and item.name not in scales:
            item.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(item).astype(np.float16), item.name))
    source = graph.input[0].name
    outputs = {output.name for output in graph.output}
    for node in graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = f"{name}_half" if name == source or name in outputs else name
        for i, name in enumerate(node.output):
            node.output[i] = f"{name}_half" if name in outputs else name
    first = helper.make_node("Cast", [source], [f"{source}_half"], to=TensorProto.FLOAT16)
    last = [helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT) for name in sorted(outputs)]
    nodes = [first, *graph.node, *last]
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]
    return model


def confidence_error(path, inputs, node_modules):
    """Root mean square error of the confidences above 0.3, beside the file in floats."""
    errors = []
    with tempfile.TemporaryDirectory() as folder:
        for one in inputs:
            for right, found in zip(*(run(file, one, node_modules, folder) for file in (SOURCE, path))):
                if right.shape[2] == CLASSES:
                    errors.append((found - right)[right > 0.3])
    return np.sqrt((np.concatenate(errors) ** 2).mean())


def main():
    node_modules, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    inputs = calibration()
    print(f"calibrated on {len(inputs)} pictures")
    integers = quantize(onnx.load(SOURCE), inputs, node_modules)
    halves = halve(onnx.load(SOURCE))
    for name, model in (("nanodet_g_416_int8", integers), ("nanodet_g_416_fp16", halves)):
        model.doc_string += f" Then written in fewer bits by tests/Accuracy/Variants/make_variants.py: {name}."
        onnx.checker.check_model(model)
        onnx.save(model, folder / f"{name}.onnx")
        file = folder / f"{name}.onnx"
        error = confidence_error(file, inputs[::4], node_modules)
        print(f"{name}: {file.stat().st_size} bytes, error of confidences above 0.3: {error:.4f}")


main()
