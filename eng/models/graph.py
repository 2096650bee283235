"""An ONNX graph that is easy to rewrite: a list of nodes, and constants as numpy arrays by name."""

import numpy as np
import onnx
from onnx import helper, numpy_helper


class Graph:
    def __init__(self, model):
        self.model = model
        self.constants = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
        self.nodes = []
        for node in model.graph.node:
            if node.op_type == "Constant":
                self.constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
            else:
                self.nodes.append(node)
        self.inputs = [item.name for item in model.graph.input if item.name not in self.constants]
        self.opset = next(item.version for item in model.opset_import if item.domain == "")
        self.outputs = [item.name for item in model.graph.output]

    def copy(self):
        """A copy that can be finished without changing the model of this graph."""
        copy = Graph.__new__(Graph)
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        copy.__dict__.update(self.__dict__, model=model)
        return copy

    def maker(self, name):
        """The node that produces a tensor; None for an input or a constant."""
        return next((node for node in self.nodes if name in node.output), None)

    def users(self, name):
        return [node for node in self.nodes if name in node.input]

    def only_user(self, name):
        """The only node that uses a tensor; None if there are several or the tensor is an output of the graph."""
        users = self.users(name)
        return users[0] if len(users) == 1 and name not in self.outputs else None

    def value(self, name):
        return self.constants.get(name)

    def scalar(self, name):
        """The value of a constant with one element, or None."""
        value = self.constants.get(name)
        return float(value.reshape(-1)[0]) if value is not None and value.size == 1 else None

    def constant(self, name, value, kind=np.float32):
        self.constants[name] = np.asarray(value, kind)
        return name

    def replace(self, old, new):
        """Replaces nodes by others. Tensors that remaining nodes use must keep their names."""
        place = min(i for i, node in enumerate(self.nodes) if any(node is item for item in old))
        rest = [node for node in self.nodes if not any(node is item for item in old)]
        self.nodes = [*rest[:place], *new, *rest[place:]]

    def rename(self, old, new):
        """Makes all users of one tensor use another."""
        for node in self.nodes:
            for i, name in enumerate(node.input):
                if name == old:
                    node.input[i] = new

    def finish(self):
        """The model, with its nodes in topological order and the used constants in the order of their use."""
        nodes = self._sorted()
        used = list(dict.fromkeys(name for node in nodes for name in node.input if name in self.constants))
        graph = self.model.graph
        del graph.node[:], graph.initializer[:], graph.value_info[:]
        graph.node.extend(nodes)
        graph.initializer.extend(numpy_helper.from_array(self.constants[name], name) for name in used)
        kept = [item for item in graph.input if item.name in self.inputs]
        del graph.input[:]
        graph.input.extend(kept)
        onnx.checker.check_model(self.model)
        return self.model

    def _sorted(self):
        makers = {name: node for node in self.nodes for name in node.output}
        done, nodes = set(), []

        def visit(node):
            if id(node) in done:
                return
            done.add(id(node))
            for name in node.input:
                if name in makers:
                    visit(makers[name])
            nodes.append(node)

        wanted = set(self.outputs)
        for node in reversed(self.nodes):
            if wanted.intersection(node.output):
                wanted.update(node.input)
        for node in self.nodes:
            if wanted.intersection(node.output):
                visit(node)
        return nodes


def attribute(node, name, default=None):
    return next((helper.get_attribute_value(item) for item in node.attribute if item.name == name), default)


def with_attributes(node, **changes):
    """Sets attributes; None removes one."""
    kept = [item for item in node.attribute if item.name not in changes]
    del node.attribute[:]
    node.attribute.extend(kept)
    node.attribute.extend(helper.make_attribute(name, value) for name, value in changes.items() if value is not None)
    return node
