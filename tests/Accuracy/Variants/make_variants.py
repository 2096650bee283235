"""Creates smaller variants of the committed NanoDet: 8-bit integers, and 16-bit floats.

    apt-get install python3-numpy python3-opencv python3-onnx ffmpeg nodejs
    npm install --ignore-scripts --prefix /tmp/variants onnxruntime-node
    /usr/bin/python3 make_variants.py /tmp/variants/node_modules OUTPUT_FOLDER

Integers: every convolution except the last ones before the outputs has its input, weights and result in 8 bits, in
ONNX's QuantizeLinear / DequantizeLinear form. Weights are symmetric per channel, with 7 bits, because 8 bits overflow on
processors without VNNI; activations are asymmetric, over their range on unlabeled frames of the sample.
"""

import pathlib
import sys
import tempfile

import cv2
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "InferenceService.Tests/Reference"))
from reference_run import MODELS, frame, run  # noqa: E402

CALIBRATION_FRAMES = (5, 25, 45, 65, 85)
WEIGHT_LIMIT = 63


def tensor(index):
    scaled = cv2.resize(frame(index), (416, 416), interpolation=cv2.INTER_LINEAR)[..., ::-1].astype(np.float32)
    return ((scaled - [103.53, 116.28, 123.675]) / [57.375, 57.12, 58.395]).transpose(2, 0, 1)[None]


def ranges(model, names, node_modules):
    """Minimum and maximum of tensors over the calibration frames."""
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    del probe.graph.output[:]
    probe.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    low, high = np.zeros(len(names)), np.zeros(len(names))
    with tempfile.TemporaryDirectory() as folder:
        onnx.save(probe, f"{folder}/probe.onnx")
        for index in CALIBRATION_FRAMES:
            for i, values in enumerate(run(f"{folder}/probe.onnx", tensor(index), node_modules, folder)):
                low[i], high[i] = min(low[i], values.min()), max(high[i], values.max())
    return {name: (low[i], high[i]) for i, name in enumerate(names)}


def final_convolutions(graph):
    """The convolutions with no further convolution before an output."""
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


def quantize(model, node_modules):
    graph = model.graph
    weights = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    final = final_convolutions(graph)
    taken = [n for n in graph.node if n.op_type == "Conv" and n.output[0] not in final and n.input[1] in weights]
    names = sorted({n.input[0] for n in taken} | {n.output[0] for n in taken})
    scales = {}
    for name, (low, high) in ranges(model, names, node_modules).items():
        scale = max(high - low, 1e-8) / 255
        scales[name] = (np.float32(scale), np.uint8(np.clip(round(-low / scale), 0, 255)))
    nodes, made = [], {}

    def add(name, value):
        graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def through_integers(name):
        if name not in made:
            scale, zero = scales[name]
            s, z = add(f"{name}_scale", scale), add(f"{name}_zero", zero)
            nodes.append(helper.make_node("QuantizeLinear", [name, s, z], [f"{name}_int"]))
            nodes.append(helper.make_node("DequantizeLinear", [f"{name}_int", s, z], [f"{name}_back"]))
            made[name] = f"{name}_back"
        return made[name]

    def constant(name, value, scale, axis):
        s = add(f"{name}_scale", scale)
        z = add(f"{name}_zero", np.zeros(scale.shape, value.dtype))
        nodes.append(helper.make_node("DequantizeLinear", [add(f"{name}_int", value), s, z], [f"{name}_back"],
                                      axis=axis))
        return f"{name}_back"

    for node in graph.node:
        if node not in taken:
            nodes.append(node)
            continue
        name = node.output[0]
        weight = weights[node.input[1]]
        scale = np.maximum(np.abs(weight).reshape(len(weight), -1).max(1), 1e-8).astype(np.float32) / WEIGHT_LIMIT
        rounded = np.clip(np.round(weight / scale.reshape(-1, 1, 1, 1)), -WEIGHT_LIMIT, WEIGHT_LIMIT).astype(np.int8)
        inputs = [through_integers(node.input[0]), constant(f"{name}_weight", rounded, scale, 0)]
        if len(node.input) > 2:
            bias_scale = scale * scales[node.input[0]][0]
            bias = np.round(weights[node.input[2]] / bias_scale).astype(np.int32)
            inputs.append(constant(f"{name}_bias", bias, bias_scale, 0))
        conv = helper.make_node("Conv", inputs, [f"{name}_wide"], name=node.name)
        conv.attribute.extend(node.attribute)
        nodes.append(conv)
        s, z = scales[name]
        s, z = add(f"{name}_out_scale", s), add(f"{name}_out_zero", z)
        nodes.append(helper.make_node("QuantizeLinear", [f"{name}_wide", s, z], [f"{name}_narrow"]))
        nodes.append(helper.make_node("DequantizeLinear", [f"{name}_narrow", s, z], [name]))
    del graph.node[:]
    graph.node.extend(nodes)
    used = {name for node in graph.node for name in node.input}
    kept = [item for item in graph.initializer if item.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    return model, len(taken)


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


def main():
    node_modules, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    source = MODELS / "nanodet_g_416.onnx"
    integers, count = quantize(onnx.load(source), node_modules)
    halves = halve(onnx.load(source))
    for name, model in (("nanodet_g_416_int8", integers), ("nanodet_g_416_fp16", halves)):
        model.doc_string += f" Then written in fewer bits by tests/Accuracy/Variants/make_variants.py: {name}."
        onnx.checker.check_model(model)
        onnx.save(model, folder / f"{name}.onnx")
        print(f"{name}: {(folder / f'{name}.onnx').stat().st_size} bytes")
    print(f"convolutions in integers: {count}")


main()
