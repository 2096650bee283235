"""Rules that move multiplications by constants and additions of constants into neighboring convolutions."""

import numpy as np
from onnx import helper

from graph import attribute

BLOCK = 16  # channels per block of ONNX Runtime's layout with AVX-512; a multiple of the 8 without it
CONVOLUTIONS = ("Conv", "ConvTranspose")


def out_channels(graph, conv):
    weight = graph.value(conv.input[1])
    return weight.shape[0] if conv.op_type == "Conv" else weight.shape[1] * attribute(conv, "group", 1)


def by_channel(value, channels):
    """A constant as one number per channel, or None if it has another shape."""
    if value is None:
        return None
    if value.size == 1:
        return np.full(channels, value.reshape(-1)[0], np.float64)
    if value.size == channels and value.ndim >= 3 and value.shape[-3] == channels:
        return value.reshape(-1).astype(np.float64)
    return None


def affine_of(graph, node, source, channels):
    """(scale, shift) of a node that computes scale * source + shift per channel, or None."""
    zero, one = np.zeros(channels), np.ones(channels)
    if node.op_type == "BatchNormalization" and node.input[0] == source and len(node.output) == 1:
        scale, shift, mean, variance = (graph.value(name).astype(np.float64) for name in node.input[1:5])
        scale = scale / np.sqrt(variance + attribute(node, "epsilon", 1e-5))
        return scale, shift - mean * scale
    if node.op_type not in ("Mul", "Add", "Div", "Sub") or len(set(node.input)) != 2 or source not in node.input:
        return None
    first = node.input[0] == source
    value = by_channel(graph.value(node.input[1 if first else 0]), channels)
    if value is None or (node.op_type in ("Div", "Sub") and not first):
        return None
    return {"Mul": (value, zero), "Div": (1 / value, zero), "Add": (one, value), "Sub": (one, -value)}[node.op_type]


def scaled(graph, conv, scale, shift, name):
    """Gives a convolution the weights and the bias of scale * convolution + shift."""
    weight = graph.value(conv.input[1]).astype(np.float64)
    bias = graph.value(conv.input[2]).astype(np.float64) if len(conv.input) > 2 else np.zeros(len(scale))
    if conv.op_type == "Conv":
        weight = weight * scale.reshape(-1, 1, 1, 1)
    else:
        weight = weight * scale.reshape(1, -1, 1, 1)
    inputs = [conv.input[0], graph.constant(f"{name}_weight", weight),
              graph.constant(f"{name}_bias", bias * scale + shift)]
    del conv.input[:]
    conv.input.extend(inputs)


def fold_into_convolution_before(graph):
    """conv -> scale, shift  becomes  conv."""
    for conv in [node for node in graph.nodes if node.op_type in CONVOLUTIONS]:
        if graph.value(conv.input[1]) is None or (conv.op_type == "ConvTranspose" and attribute(conv, "group", 1) > 1):
            continue
        while (user := graph.only_user(conv.output[0])) is not None:
            affine = affine_of(graph, user, conv.output[0], out_channels(graph, conv))
            if affine is None:
                break
            name = user.output[0]
            scaled(graph, conv, *affine, name)
            conv.output[0] = name
            graph.replace([user], [])


def widen(graph, first, second, more):
    """Adds zero channels between two convolutions."""
    name, weight = first.output[0], graph.value(first.input[1])
    first.input[1] = graph.constant(f"{name}_wide", np.pad(weight, ((0, more), (0, 0), (0, 0), (0, 0))))
    if len(first.input) > 2:
        first.input[2] = graph.constant(f"{name}_wide_bias", np.pad(graph.value(first.input[2]), (0, more)))
    weight = graph.value(second.input[1])
    second.input[1] = graph.constant(f"{second.output[0]}_wide", np.pad(weight, ((0, 0), (0, more), (0, 0), (0, 0))))


def takes_shift(graph, conv):
    """Whether a shift of the input can move into a convolution: only without padding, because the shift skips it."""
    if conv.op_type != "Conv" or graph.value(conv.input[1]) is None or any(attribute(conv, "pads", [0])):
        return False
    # A 1x1 kernel has no "same" padding.
    unpadded = attribute(conv, "auto_pad", b"NOTSET") in (b"NOTSET", b"VALID")
    return unpadded or graph.value(conv.input[1]).shape[2:] == (1, 1)


def fold_into_convolutions_after(graph):
    """shift -> 1x1 conv  becomes  conv, if all users of the shifted tensor are such convolutions."""
    for node in [node for node in graph.nodes if node.op_type == "Add"]:
        shift = next((graph.scalar(name) for name in node.input if graph.scalar(name) is not None), None)
        source = next((name for name in node.input if graph.value(name) is None), None)
        users = graph.users(node.output[0])
        if shift is None or source is None or node.output[0] in graph.outputs or not users:
            continue
        if not all(takes_shift(graph, user) for user in users):
            continue
        for conv in users:
            weight = graph.value(conv.input[1]).astype(np.float64)
            bias = graph.value(conv.input[2]).astype(np.float64) if len(conv.input) > 2 else np.zeros(len(weight))
            total = bias + shift * weight.reshape(len(weight), -1).sum(1)
            inputs = [source, conv.input[1], graph.constant(f"{conv.output[0]}_bias", total)]
            del conv.input[:]
            conv.input.extend(inputs)
        graph.replace([node], [])


def shift_by_convolution(graph, channels):
    """A shift that cannot be folded becomes a depthwise 1x1 convolution, which keeps the blocked layout."""
    for node in [node for node in graph.nodes if node.op_type == "Add"]:
        shift = next((graph.scalar(name) for name in node.input if graph.scalar(name) is not None), None)
        source = next((name for name in node.input if graph.value(name) is None), None)
        users = graph.users(node.output[0])
        if shift is None or source not in channels or not any(user.op_type == "Conv" for user in users):
            continue
        count = channels[source]
        graph.replace([node], [depthwise(graph, source, node.output[0], np.ones(count), np.full(count, shift))])


def depthwise(graph, source, name, scale, shift):
    inputs = [source, graph.constant(f"{name}_weight", scale.reshape(-1, 1, 1, 1)),
              graph.constant(f"{name}_bias", shift)]
    return helper.make_node("Conv", inputs, [name], kernel_shape=[1, 1], group=len(scale))


def merge_pointwise(graph):
    """Two consecutive 1x1 convs become one, or two with a multiple of 16 channels between them.

    One conv is used unless it needs more multiplications: a bottleneck of 12 channels between 48 and 96 saves some.
    """
    def pointwise(node):
        return (node is not None and node.op_type == "Conv" and attribute(node, "group", 1) == 1
                and graph.value(node.input[1]) is not None and graph.value(node.input[1]).shape[2:] == (1, 1)
                and set(attribute(node, "strides", [1])) == {1} and not any(attribute(node, "pads", [0])))

    for first in [node for node in graph.nodes if pointwise(node)]:
        second = graph.only_user(first.output[0])
        if not pointwise(second):
            continue
        name = second.output[0]
        inner, outer = (graph.value(node.input[1]).astype(np.float64)[..., 0, 0] for node in (first, second))
        bias = np.zeros(len(outer))
        if len(first.input) > 2:
            bias = bias + outer @ graph.value(first.input[2]).astype(np.float64)
        if len(second.input) > 2:
            bias = bias + graph.value(second.input[2])
        waist = -(-len(inner) // BLOCK) * BLOCK
        if outer.shape[0] * inner.shape[1] > waist * (outer.shape[0] + inner.shape[1]):
            widen(graph, first, second, waist - len(inner))
            continue
        merged = helper.make_node(
            "Conv", [first.input[0], graph.constant(f"{name}_weight", (outer @ inner)[..., None, None]),
                     graph.constant(f"{name}_bias", bias)], [name], kernel_shape=[1, 1])
        graph.replace([first, second], [merged])
