"""Rewrites the graphs of the shipped models so that ONNX Runtime computes the same results in less time.

    apt-get install python3-numpy python3-onnx
    /usr/bin/python3 simplify.py FOLDER_OF_ORIGINALS FOLDER

Every rule is an identity of real numbers, so results differ only by the rounding of floats; nothing is trained or
approximated. The same originals give the same bytes. Prints the SHA-256 of each original and of its simplified model.

check_rules.py checks each rule separately, compare.py compares the models on frames, time_models.js times them.
"""

import hashlib
import pathlib
import sys

import onnx
from onnx import shape_inference

import activation
import affine
import deconvolution
import layout
from graph import Graph

NAMES = ("centernet_mbv3_512", "ch_PP-OCRv4_det_infer", "ch_PP-OCRv4_rec_infer", "ch_ppocr_mobile_v2.0_cls_infer",
         "nanodet_g_416")


# Fully convolutional: the same weights take any multiple of 32, and the shape of a video without distortion.
ANY_SIZE = ("nanodet_g_416",)


def free_sides(model):
    """Declares the height and width of a [1, 3, height, width] input as free."""
    for name, side in zip(("height", "width"), model.graph.input[0].type.tensor_type.shape.dim[2:], strict=True):
        side.ClearField("dim_value")
        side.dim_param = name


def shapes(graph):
    """Shapes of the tensors with four dimensions; 0 for a dimension that depends on the input."""
    inferred = shape_inference.infer_shapes(graph.copy().finish(), data_prop=True)
    found = {item.name: [d.dim_value for d in item.type.tensor_type.shape.dim]
             for item in [*inferred.graph.value_info, *inferred.graph.input]}
    return {name: shape for name, shape in found.items() if len(shape) == 4}


def channels(graph):
    return {name: shape[1] for name, shape in shapes(graph).items() if shape[1] > 0}


def simplify(model):
    graph = Graph(model)
    layout.float_transposes(graph)
    layout.drop_identities(graph)
    layout.fold_pads(graph)
    # One at a time, because the size of the next is known only after the one before it has a scale.
    while layout.fix_a_resize(graph, {name: shape[2:] for name, shape in shapes(graph).items()}):
        pass
    layout.double_repeatedly(graph)
    affine.fold_into_convolution_before(graph)
    activation.hard_swishes(graph, channels(graph))
    activation.gates(graph)
    activation.residual_gates(graph)
    affine.fold_into_convolutions_after(graph)
    affine.merge_pointwise(graph)
    deconvolution.pointwise_deconvolutions(graph)
    deconvolution.interleave_later(graph)
    affine.shift_by_convolution(graph, channels(graph))
    return graph.finish()


def main():
    originals, folder = (pathlib.Path(argument) for argument in sys.argv[1:3])
    for name in NAMES:
        data = (originals / f"{name}.onnx").read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        model = onnx.load_from_string(data)
        before = len(model.graph.node)
        simplify(model)
        if name in ANY_SIZE:
            free_sides(model)
        model.doc_string = (
            "Changed for ForegSyte: eng/models/simplify.py rewrote the graph of the file with the SHA-256 "
            f"{digest}. See data/models/README.md for its origin and licences.")
        data = model.SerializeToString(deterministic=True)
        (folder / f"{name}.onnx").write_bytes(data)
        print(f"{name}: {before} -> {len(model.graph.node)} nodes, {digest} -> {hashlib.sha256(data).hexdigest()}")


if __name__ == "__main__":
    main()
