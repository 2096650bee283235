"""Checks each rule separately: a small graph gives the same results on random numbers before and after it.

    npm install --ignore-scripts --prefix /tmp/reference onnxruntime-node
    /usr/bin/python3 check_rules.py /tmp/reference/node_modules
"""

import pathlib
import sys
import tempfile
import unittest

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import activation
import affine
import deconvolution
import layout
import simplify
from graph import Graph

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests/InferenceService.Tests/Reference"))
from reference_run import run  # noqa: E402

NODE_MODULES = sys.argv.pop(1) if len(sys.argv) > 1 else ""
RANDOM = np.random.default_rng(7)
SHAPE = (2, 16, 12, 20)


def noise(*shape):
    return RANDOM.normal(size=shape).astype(np.float32)


def model_of(nodes, constants, shape=SHAPE, opset=13):
    """A model with the input x and the first output of the last node."""
    output = helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, [None] * 4)
    graph = helper.make_graph(nodes, "check", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)], [output],
                              [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8
    return model


def node(kind, inputs, output, **attributes):
    return helper.make_node(kind, inputs.split(), [output], **attributes)


class RuleTests(unittest.TestCase):
    def check(self, model, rules, expected, scale=1.0):
        """Asserts that the rules give the expected operators and the same results."""
        before = onnx.ModelProto()
        before.CopyFrom(model)
        graph = Graph(model)
        for rule in rules:
            rule(graph)
        after = graph.finish()
        self.assertEqual(expected.split(), [item.op_type for item in after.graph.node])
        shape = [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim]
        values = noise(*shape) * scale
        with tempfile.TemporaryDirectory() as folder:
            results = []
            for item in (before, after):
                onnx.save(item, f"{folder}/model.onnx")
                results.append(run(f"{folder}/model.onnx", values, NODE_MODULES, folder)[0])
        self.assertEqual(results[0].shape, results[1].shape)
        np.testing.assert_allclose(results[1], results[0], rtol=1e-5, atol=1e-5 * np.abs(results[0]).max())

    def test_float_transposes_bias_added_channels_last(self):
        self.check(model_of([
            node("Conv", "x w", "a"), node("Transpose", "a", "b", perm=[0, 2, 3, 1]), node("Add", "b c", "d"),
            node("Transpose", "d", "e", perm=[0, 3, 1, 2]), node("Relu", "e", "y")],
            {"w": noise(8, 16, 1, 1), "c": noise(8)}),
            [layout.float_transposes, layout.drop_identities], "Conv Add Relu")

    def test_float_transposes_mean_and_concatenation_channels_last(self):
        self.check(model_of([
            node("Transpose", "x", "a", perm=[0, 2, 3, 1]), node("Concat", "a a", "b", axis=3),
            node("ReduceMean", "b", "c", axes=[1, 2], keepdims=1), node("Transpose", "c", "y", perm=[0, 3, 1, 2])],
            {}), [layout.float_transposes, layout.drop_identities], "Concat GlobalAveragePool")

    def test_float_transposes_output_channels_last_keeps_one(self):
        self.check(model_of([node("Transpose", "x", "a", perm=[0, 2, 3, 1]), node("Relu", "a", "y")], {}),
                   [layout.float_transposes, layout.drop_identities], "Relu Transpose")

    def test_fold_pads_unequal_zeros_before_convolution(self):
        self.check(model_of([
            node("Pad", "x p", "a"), node("Conv", "a w", "y", strides=[2, 2], auto_pad="VALID")],
            {"p": np.array([0, 0, 0, 1, 0, 0, 1, 2]), "w": noise(8, 16, 3, 3)}), [layout.fold_pads], "Conv")

    def test_fold_pads_minus_infinity_before_maximum(self):
        self.check(model_of([node("Pad", "x p v", "a"), node("MaxPool", "a", "y", kernel_shape=[3, 3])],
                            {"p": np.array([0, 0, 1, 0, 0, 0, 0, 1]), "v": np.float32(-np.inf)}),
                   [layout.fold_pads], "MaxPool")

    def test_fold_pads_other_value_stays(self):
        self.check(model_of([node("Pad", "x p v", "a"), node("Conv", "a w", "y")],
                            {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1]), "v": np.float32(1), "w": noise(8, 16, 3, 3)}),
                   [layout.fold_pads], "Pad Conv")

    def resize(self, height, width):
        return model_of([
            node("Relu", "x", "r"), node("Shape", "r", "s"), node("Slice", "s zero two", "b"),
            node("Concat", "b size", "c", axis=0),
            helper.make_node("Resize", ["r", "", "", "c"], ["y"], mode="linear",
                             coordinate_transformation_mode="half_pixel")],
            {"zero": np.array([0]), "two": np.array([2]), "size": np.array([height, width])})

    def check_resize(self, height, width, expected):
        def rule(graph):
            layout.fix_a_resize(graph, {name: shape[2:] for name, shape in simplify.shapes(graph).items()})
        self.check(self.resize(height, width), [rule], expected)

    def test_fix_a_resize_doubling_has_a_scale(self):
        self.check_resize(24, 40, "Relu Resize")

    def test_fix_a_resize_halving_is_a_mean(self):
        self.check_resize(6, 10, "Relu AveragePool")

    def test_double_repeatedly_eight_times_as_large(self):
        self.check(model_of([
            helper.make_node("Resize", ["x", "", "s"], ["y"], mode="nearest", nearest_mode="floor",
                             coordinate_transformation_mode="asymmetric")],
            {"s": np.float32([1, 1, 8, 8])}), [layout.double_repeatedly], "Resize Resize Resize")

    def test_fold_into_convolution_before_all_forms(self):
        self.check(model_of([
            node("Conv", "x w", "a"), node("BatchNormalization", "a s t m v", "b"), node("Mul", "k b", "c"),
            node("Add", "c e", "d"), node("Div", "d six", "y")],
            {"w": noise(8, 16, 3, 3), "s": noise(8), "t": noise(8), "m": noise(8), "v": noise(8) ** 2 + 0.1,
             "k": np.float32([1.7]), "e": noise(1, 8, 1, 1), "six": np.float32(6)}),
            [affine.fold_into_convolution_before], "Conv")

    def test_fold_into_convolution_before_two_users_stays(self):
        self.check(model_of([node("Conv", "x w", "a"), node("Mul", "a k", "b"), node("Add", "a b", "y")],
                            {"w": noise(8, 16, 1, 1), "k": np.float32(3)}),
                   [affine.fold_into_convolution_before], "Conv Mul Add")

    def test_fold_into_convolutions_after_without_padding(self):
        self.check(model_of([node("Add", "x k", "a"), node("Conv", "a w", "b"), node("Conv", "a w", "c"),
                             node("Mul", "b c", "y")], {"k": np.float32([0.7]), "w": noise(8, 16, 1, 1)}),
                   [affine.fold_into_convolutions_after], "Conv Conv Mul")

    def test_shift_by_convolution_before_padding(self):
        model = model_of([node("Relu", "x", "r"), node("Add", "r k", "a"),
                          node("Conv", "a w", "y", pads=[1] * 4, group=16)],
                         {"k": np.float32([0.7]), "w": noise(16, 1, 3, 3)})
        self.check(model, [affine.fold_into_convolutions_after,
                           lambda graph: affine.shift_by_convolution(graph, simplify.channels(graph))],
                   "Relu Conv Conv")

    def test_merge_pointwise_wide_waist_goes(self):
        self.check(model_of([node("Conv", "x v b", "a"), node("Conv", "a w c", "y")],
                            {"v": noise(40, 16, 1, 1), "b": noise(40), "w": noise(24, 40, 1, 1), "c": noise(24)}),
                   [affine.merge_pointwise], "Conv")

    def test_merge_pointwise_narrow_waist_is_widened_to_a_block(self):
        self.check(model_of([node("Conv", "x v b", "a"), node("Conv", "a w", "y")],
                            {"v": noise(12, 96, 1, 1), "b": noise(12), "w": noise(96, 12, 1, 1)}, (1, 96, 8, 8)),
                   [affine.merge_pointwise], "Conv Conv")

    def swish(self, nodes, constants=None, opset=13):
        self.check(model_of([node("Relu", "x", "r"), node("Sub", "r five", "z"), *nodes], {
            "five": np.float32(5), "three": np.float32(3), "zero": np.float32(0), "six": np.float32(6),
            **(constants or {})}, opset=opset),
            [lambda graph: activation.hard_swishes(graph, {"z": 16})], "Relu Sub Conv Clip Mul", 8.0)

    def test_hard_swishes_division_and_scale_after(self):
        self.swish([node("Add", "z three", "a"), node("Clip", "a zero six", "b"), node("Mul", "z b", "c"),
                    node("Div", "c six", "d"), node("Mul", "s d", "y")], {"s": np.float32([0.476])})

    def test_hard_swishes_scale_before(self):
        self.swish([node("Mul", "s z", "e"), node("Add", "z three", "a"), node("Clip", "a zero six", "b"),
                    node("Mul", "e b", "y")], {"s": np.float32(0.16662)})

    def test_hard_swishes_old_clip(self):
        self.swish([node("Add", "z three", "a"), node("Clip", "a", "b", min=0.0, max=6.0), node("Mul", "z b", "c"),
                    node("Div", "c six", "y")], opset=9)

    def test_hard_swishes_negative_scale_stays_behind(self):
        model = model_of([node("Add", "x three", "a"), node("Clip", "a zero six", "b"), node("Mul", "x b", "c"),
                          node("Mul", "s c", "y")],
                         {"three": np.float32(3), "zero": np.float32(0), "six": np.float32(6), "s": np.float32(-2)})
        self.check(model, [lambda graph: activation.hard_swishes(graph, {"x": 16})], "Conv Clip Mul Mul", 8.0)

    def test_gates_scale_goes_into_the_convolution(self):
        self.check(model_of([
            node("Conv", "x w b", "a"), node("Clip", "a zero six", "c"), node("Mul", "k c", "y")],
            {"w": noise(16, 16, 1, 1), "b": noise(16), "zero": np.float32(0), "six": np.float32(6),
             "k": np.float32(0.16662)}), [activation.gates], "Conv Clip")

    def test_residual_gates_one_more(self):
        self.check(model_of([
            node("GlobalAveragePool", "x", "a"), node("Conv", "a w b", "c"),
            node("HardSigmoid", "c", "d", alpha=0.2, beta=0.5), node("Mul", "x d", "e"), node("Add", "x e", "y")],
            {"w": noise(16, 16, 1, 1) * 5, "b": noise(16)}), [activation.residual_gates],
            "GlobalAveragePool Conv Clip Mul")

    def test_deconvolutions_two_in_a_row_interleave_once(self):
        square = {"kernel_shape": [2, 2], "strides": [2, 2]}
        self.check(model_of([
            node("Conv", "x u", "o"), node("ConvTranspose", "o v b", "a", **square), node("Relu", "a", "c"),
            node("ConvTranspose", "c w d", "e", **square), node("Sigmoid", "e", "y")],
            {"u": noise(16, 16, 1, 1), "v": noise(16, 24, 2, 2), "b": noise(24), "w": noise(24, 1, 2, 2),
             "d": noise(1)}), [deconvolution.pointwise_deconvolutions, deconvolution.interleave_later],
            "Conv Conv Relu Conv Sigmoid DepthToSpace")


if __name__ == "__main__":
    unittest.main()
