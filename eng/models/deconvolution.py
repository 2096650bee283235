"""Rules that turn transposed convolutions without overlap into convolutions and move their interleaving to the end."""

import numpy as np
from onnx import helper

from graph import attribute, with_attributes


def pointwise_deconvolutions(graph):
    """A transposed convolution with stride = kernel becomes a 1x1 convolution and an interleaving of its channels.

    The channels of the convolution have the order (row, column, channel), DCR in DepthToSpace.
    """
    for node in [node for node in graph.nodes if node.op_type == "ConvTranspose"]:
        side = attribute(node, "strides")[0]
        if attribute(node, "kernel_shape") != [side] * 2 or attribute(node, "strides") != [side] * 2:
            continue
        if attribute(node, "group", 1) != 1 or any(attribute(node, "pads", [0])):
            continue
        name = node.output[0]
        weight = graph.value(node.input[1])
        flat = weight.transpose(2, 3, 1, 0).reshape(-1, weight.shape[0], 1, 1)
        inputs = [node.input[0], graph.constant(f"{name}_weight", flat)]
        if len(node.input) > 2:
            inputs.append(graph.constant(f"{name}_bias", np.tile(graph.value(node.input[2]), side * side)))
        graph.replace([node], [
            helper.make_node("Conv", inputs, [f"{name}_wide"], kernel_shape=[1, 1]),
            helper.make_node("DepthToSpace", [f"{name}_wide"], [name], blocksize=side, mode="DCR")])


def interleave_later(graph):
    """Moves operators on single pixels before the interleaving and merges two interleavings into one."""
    while True:
        pair = next(((node, user) for node in graph.nodes if node.op_type == "DepthToSpace"
                     if movable(graph, user := graph.only_user(node.output[0]))), None)
        if pair is None:
            return
        node, user = pair
        side, name = attribute(node, "blocksize"), user.output[0]
        if user.op_type == "DepthToSpace":
            merge(graph, node, user)
            continue
        user.input[0] = node.input[0]
        if user.op_type == "Conv":
            spread(graph, user, side * side)
        user.output[0] = f"{name}_apart"
        graph.replace([node, user], [
            user, helper.make_node("DepthToSpace", [user.output[0]], [name], blocksize=side, mode="DCR")])


def movable(graph, node):
    if node is None:
        return False
    if node.op_type in ("Relu", "Sigmoid"):
        return True
    if node.op_type == "DepthToSpace":
        return out_of(graph, node) == 1 and graph.maker(node.input[0]).op_type == "DepthToSpace"
    return (node.op_type == "Conv" and attribute(node, "kernel_shape") == [1, 1] and attribute(node, "group", 1) == 1)


def out_of(graph, node):
    """Channels after an interleaving, from the convolution before it."""
    count = 1
    while node.op_type != "Conv":
        if node.op_type == "DepthToSpace":
            count *= attribute(node, "blocksize") ** 2
        node = graph.maker(node.input[0])
    return len(graph.value(node.input[1])) // count


def spread(graph, conv, places):
    """Applies the same 1x1 convolution to each of the pixels that lie side by side in the channels."""
    weight = graph.value(conv.input[1])[..., 0, 0]
    conv.input[1] = graph.constant(f"{conv.output[0]}_spread", np.kron(np.eye(places), weight)[..., None, None])
    if len(conv.input) > 2:
        conv.input[2] = graph.constant(f"{conv.output[0]}_spread_bias", np.tile(graph.value(conv.input[2]), places))


def merge(graph, first, second):
    """Channels (row, column of the first; row, column of the second) become (row, column) of both."""
    a, b = attribute(first, "blocksize"), attribute(second, "blocksize")
    # The first interleaving covers the outer position: its channels are (a rows, a columns, b rows, b columns).
    order = np.arange((a * b) ** 2).reshape(a, a, b, b).transpose(0, 2, 1, 3).reshape(-1)
    node = graph.maker(first.input[0])
    while node.op_type != "Conv":
        node = graph.maker(node.input[0])
    node.input[1] = graph.constant(f"{node.output[0]}_ordered", graph.value(node.input[1])[order])
    if len(node.input) > 2:
        node.input[2] = graph.constant(f"{node.output[0]}_ordered_bias", graph.value(node.input[2])[order])
    second.input[0] = first.input[0]
    with_attributes(second, blocksize=a * b)
    graph.replace([first], [])
