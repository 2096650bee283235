"""Rules for hard swishes and the gates of squeeze-and-excitation blocks."""

import numpy as np
from onnx import helper

from affine import affine_of, depthwise, scaled
from graph import attribute


def clip(graph, source, name, low, high):
    if graph.opset < 11:
        return helper.make_node("Clip", [source], [name], min=float(low), max=float(high))
    return helper.make_node("Clip", [source, graph.constant(f"{name}_low", low), graph.constant(f"{name}_high", high)],
                            [name])


def limits(graph, node):
    """Constant bounds of a Clip, in any opset."""
    if len(node.input) > 1:
        return graph.scalar(node.input[1]), graph.scalar(node.input[2])
    return attribute(node, "min"), attribute(node, "max")


def scale_of(graph, node, source):
    """The factor by which a node multiplies, or None."""
    if node.op_type not in ("Mul", "Div"):
        return None
    affine = affine_of(graph, node, source, 1)
    return None if affine is None else float(affine[0][0])


def hard_swishes(graph, channels):
    """k * x * clip(x + 3, 0, 6), with k in any place, becomes x * clip(kx + 3k, 0, 6k).

    The second factor is a depthwise 1x1 convolution with a Clip. ONNX Runtime fuses them and computes them in the
    blocked layout of the neighboring convolutions; one multiplication of two such tensors remains.
    """
    for gate in [node for node in graph.nodes if node.op_type == "Clip" and limits(graph, node) == (0, 6)]:
        plus = graph.maker(gate.input[0])
        product = graph.only_user(gate.output[0])
        if plus is None or plus.op_type != "Add" or graph.only_user(plus.output[0]) is not gate:
            continue
        if product is None or product.op_type != "Mul":
            continue
        x = next((name for name in plus.input if graph.scalar(name) is None), None)
        if x is None or all(graph.scalar(name) != 3 for name in plus.input) or x not in channels:
            continue
        other = next(name for name in product.input if name != gate.output[0])
        old, k = [plus, gate, product], 1.0
        if other != x:
            early = graph.maker(other)
            factor = None if early is None else scale_of(graph, early, x)
            if factor is None or factor <= 0 or graph.only_user(other) is not product:
                continue
            old, k = [*old, early], factor
        while (user := graph.only_user(old_output(old))) is not None:
            factor = scale_of(graph, user, old_output(old))
            if factor is None or k * factor <= 0:
                break
            old.append(user)
            k *= factor
        name = old_output(old)
        count = channels[x]
        linear = depthwise(graph, x, f"{name}_gate_linear", np.full(count, k), np.full(count, 3 * k))
        graph.replace(old, [linear, clip(graph, linear.output[0], f"{name}_gate", 0, 6 * k),
                            helper.make_node("Mul", [x, f"{name}_gate"], [name])])


def old_output(old):
    """The output of the last node of a chain: the one that no other node of the chain uses."""
    taken = {name for node in old for name in node.input}
    return next(node.output[0] for node in old if node.output[0] not in taken)


def gates(graph):
    """k * clip(x + 3, 0, 6) of a convolution becomes clip(kx + 3k, 0, 6k), with k and 3 in the convolution."""
    for gate in [node for node in graph.nodes if node.op_type == "Clip"]:
        conv = graph.maker(gate.input[0])
        scale = graph.only_user(gate.output[0])
        if conv is None or conv.op_type != "Conv" or graph.only_user(gate.input[0]) is not gate or scale is None:
            continue
        k = scale_of(graph, scale, gate.output[0])
        if k is None or k <= 0:
            continue
        count = len(graph.value(conv.input[1]))
        low, high = limits(graph, gate)
        scaled(graph, conv, np.full(count, k), np.zeros(count), scale.output[0])
        graph.replace([gate, scale], [clip(graph, conv.output[0], scale.output[0], k * low, k * high)])


def residual_gates(graph):
    """x + x * hardsigmoid(conv) becomes x * clip(conv', 1, 2)."""
    for gate in [node for node in graph.nodes if node.op_type == "HardSigmoid"]:
        conv, product = graph.maker(gate.input[0]), graph.only_user(gate.output[0])
        if conv is None or conv.op_type != "Conv" or graph.only_user(conv.output[0]) is not gate:
            continue
        if product is None or product.op_type != "Mul":
            continue
        x = next(name for name in product.input if name != gate.output[0])
        total = graph.only_user(product.output[0])
        if total is None or total.op_type != "Add" or set(total.input) != {x, product.output[0]}:
            continue
        count = len(graph.value(conv.input[1]))
        alpha, beta = attribute(gate, "alpha", 0.2), attribute(gate, "beta", 0.5)
        scaled(graph, conv, np.full(count, alpha), np.full(count, beta + 1), gate.output[0])
        graph.replace([gate, product, total], [clip(graph, conv.output[0], gate.output[0], 1, 2),
                                               helper.make_node("Mul", [x, gate.output[0]], list(total.output))])
