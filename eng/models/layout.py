"""Rules for the layout of tensors: transposes, padding, sizes. None of them changes a value."""

import numpy as np
from onnx import helper

from graph import attribute, with_attributes

# Elementwise operators: a transpose before them can move after them.
ELEMENTWISE = {"Add", "Sub", "Mul", "Div", "Clip", "Relu", "LeakyRelu", "Sigmoid", "HardSigmoid", "Identity"}


def float_transposes(graph):
    """Moves each transpose forward through elementwise operators until it meets its inverse."""
    plain = {}  # tensor -> (tensor before the transpose, permutation)
    made, nodes = {}, []

    def materialised(name):
        if name not in plain:
            return name
        source, order = plain[name]
        if list(order) == list(range(len(order))):
            return source
        key = (source, tuple(order))
        if key not in made:
            made[key] = name
            nodes.append(helper.make_node("Transpose", [source], [name], perm=order))
        return made[key]

    for node in graph.nodes:
        if node.op_type == "Transpose":
            source, order = plain.get(node.input[0], (node.input[0], None))
            perm = attribute(node, "perm")
            plain[node.output[0]] = (source, perm if order is None else [order[i] for i in perm])
            continue
        orders = [plain.get(name, (name, None))[1] for name in node.input if name and graph.value(name) is None]
        if node.op_type in ELEMENTWISE and orders and orders[0] is not None and all(o == orders[0] for o in orders):
            order = orders[0]
            for i, name in enumerate(node.input):
                value = graph.value(name)
                if not name:
                    continue
                if value is None:
                    node.input[i] = plain[name][0]
                elif value.size > 1:
                    full = value.reshape((1,) * (len(order) - value.ndim) + value.shape)
                    moved = full.transpose(np.argsort(order))
                    node.input[i] = graph.constant(f"{node.output[0]}_moved_{i}", moved)
            inner = f"{node.output[0]}_inner"
            plain[node.output[0]] = (inner, order)
            node.output[0] = inner
        elif node.op_type == "Concat" and orders and orders[0] is not None and all(
                o == orders[0] for o in orders) and len(orders) == len(node.input):
            order, inner = orders[0], f"{node.output[0]}_inner"
            sources = [plain[name][0] for name in node.input]
            plain[node.output[0]] = (inner, order)
            node = helper.make_node("Concat", sources, [inner], axis=order[attribute(node, "axis")], name=node.name)
        elif node.op_type == "ReduceMean" and orders == [[0, 2, 3, 1]] and attribute(node, "axes") == [1, 2]:
            inner = f"{node.output[0]}_inner"
            plain[node.output[0]] = (inner, orders[0])
            node = helper.make_node("GlobalAveragePool", [plain[node.input[0]][0]], [inner], name=node.name)
        else:
            for i, name in enumerate(node.input):
                node.input[i] = materialised(name)
        nodes.append(node)
    for name in graph.outputs:
        if name in plain:
            source = materialised(name)
            if source != name:
                nodes.append(helper.make_node("Identity", [source], [name]))
    graph.nodes = nodes


def drop_identities(graph):
    """Removes identities and multiplications by 1; the tensor takes the name of the output."""
    for node in list(graph.nodes):
        ones = node.op_type == "Mul" and [name for name in node.input if graph.scalar(name) == 1]
        if node.op_type != "Identity" and not ones:
            continue
        source = next(name for name in node.input if not ones or name != ones[0])
        maker = graph.maker(source)
        if maker is None or source in graph.outputs:
            continue
        graph.replace([node], [])
        if node.output[0] in graph.outputs:
            maker.output[list(maker.output).index(source)] = node.output[0]
            graph.rename(source, node.output[0])
        else:
            graph.rename(node.output[0], source)


def fold_pads(graph):
    """A Pad before a convolution (zeros) or a maximum (minus infinity) becomes the padding of that operator."""
    for pad in [node for node in graph.nodes if node.op_type == "Pad"]:
        user = graph.only_user(pad.output[0])
        fill = graph.scalar(pad.input[2]) if len(pad.input) > 2 else 0.0
        if user is None or {"Conv": 0.0, "MaxPool": -np.inf}.get(user.op_type) != fill:
            continue
        if attribute(user, "auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
            continue
        amounts = [int(v) for v in graph.value(pad.input[1])]
        if amounts[:2] + amounts[4:6] != [0] * 4 or min(amounts) < 0:
            continue
        inner = attribute(user, "pads", [0] * 4)
        with_attributes(user, auto_pad=None, pads=[a + b for a, b in zip(amounts[2:4] + amounts[6:8], inner)])
        user.input[0] = pad.input[0]
        graph.replace([pad], [])


def fix_a_resize(graph, sizes):
    """A size computed from a shape becomes a scale; halving by linear interpolation becomes the mean of 2x2.

    sizes has the known heights and widths of tensors. Rewrites one Resize and returns whether it found one.
    """
    for node in [node for node in graph.nodes if node.op_type == "Resize" and len(node.input) > 3]:
        wanted, before = graph.maker(node.input[3]), sizes.get(node.input[0])
        if wanted is None or wanted.op_type != "Concat" or not before or min(before) == 0:
            continue
        scale = [int(new) / old for new, old in zip(graph.value(wanted.input[1]), before)]
        half_pixel = attribute(node, "coordinate_transformation_mode") == b"half_pixel"
        if attribute(node, "mode") == b"linear" and half_pixel and scale == [0.5, 0.5]:
            pool = helper.make_node("AveragePool", [node.input[0]], list(node.output), kernel_shape=[2, 2],
                                    strides=[2, 2])
            graph.replace([node], [pool])
            return True
        if all(number.is_integer() for number in scale):
            del node.input[2:]
            node.input.append(graph.constant(f"{node.output[0]}_scales", [1, 1, *scale]))
            return True
    return False


def double_repeatedly(graph):
    """Nearest-pixel upsampling by 4 or 8 becomes repeated doubling, for which ONNX Runtime has a fast path."""
    for node in [node for node in graph.nodes if node.op_type == "Resize" and len(node.input) == 3]:
        scales = graph.value(node.input[2])
        kind = tuple(attribute(node, name) for name in ("mode", "coordinate_transformation_mode", "nearest_mode"))
        if kind != (b"nearest", b"asymmetric", b"floor") or scales is None or list(scales) not in (
                [1, 1, 4, 4], [1, 1, 8, 8]):
            continue
        name, times = node.output[0], int(scales[3]).bit_length() - 1
        twice = graph.constant(f"{name}_twice", [1, 1, 2, 2])
        names = [node.input[0], *(f"{name}_doubled_{i}" for i in range(1, times)), name]
        steps = [helper.make_node("Resize", [source, node.input[1], twice], [target], mode="nearest",
                                  coordinate_transformation_mode="asymmetric", nearest_mode="floor")
                 for source, target in zip(names, names[1:])]
        graph.replace([node], steps)
