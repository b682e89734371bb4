"""A few lines around onnx.helper that let a graph be written as expressions."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

OPSET = 15  # what Piper exports


class Value:
    """A tensor in the graph. Arithmetic adds nodes."""

    def __init__(self, graph, name):
        self.graph, self.name = graph, name

    def __add__(self, other):
        return self.graph.op("Add", self, other)

    def __sub__(self, other):
        return self.graph.op("Sub", self, other)

    def __rsub__(self, other):
        return self.graph.op("Sub", other, self)

    def __mul__(self, other):
        return self.graph.op("Mul", self, other)

    def __truediv__(self, other):
        return self.graph.op("Div", self, other)

    def __matmul__(self, other):
        return self.graph.op("MatMul", self, other)

    __radd__, __rmul__ = __add__, __mul__


class Graph:
    """Collects nodes and constants; a number or array among an operator's inputs becomes a constant.

    Python floats become float32 and Python ints int64. Equal constants are stored once, and names are numbered in
    order, so that the same program gives the same file.
    """

    def __init__(self):
        self.nodes, self.constants, self.inputs, self.outputs = [], {}, [], []

    def input(self, name, kind, shape):
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return Value(self, name)

    def const(self, data):
        array = np.asarray(data)
        array = array.astype(np.float32 if array.dtype.kind == "f" else np.int64)
        key = (array.dtype.str, array.shape, array.tobytes())
        return Value(self, self.constants.setdefault(key, f"c{len(self.constants)}"))

    def op(self, kind, *inputs, outputs=1, **attributes):
        """Adds a node; `None` leaves an optional input out. Returns one Value, or a list where outputs > 1."""
        names = [self._name(i) for i in inputs]
        made = [f"v{len(self.nodes)}_{n}" if n else f"v{len(self.nodes)}" for n in range(outputs)]
        self.nodes.append(helper.make_node(kind, names, made, **attributes))
        values = [Value(self, name) for name in made]
        return values[0] if outputs == 1 else values

    def _name(self, value):
        if value is None:
            return ""
        return (value if isinstance(value, Value) else self.const(value)).name

    def slice(self, value, start, end, axis):
        return self.op("Slice", value, [start], [end], [axis])

    def sum(self, value, axis, keepdims=0):
        return self.op("ReduceSum", value, [axis], keepdims=keepdims)

    def to_float(self, value):
        return self.op("Cast", value, to=TensorProto.FLOAT)

    def output(self, value, name, shape):
        """Makes a value one of the graph's results, under a name."""
        self.nodes.append(helper.make_node("Identity", [value.name], [name]))
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    def also_gives(self, value, name, shape):
        """Makes a value a result beside the first one."""
        self.outputs.append(self.output(value, name, shape))

    def model(self, output, shape, name, notes):
        """The finished ModelProto, whose first result is `output`, renamed to "output"."""
        initializers = [
            numpy_helper.from_array(np.frombuffer(data, dtype).reshape(dims), name)
            for (dtype, dims, data), name in self.constants.items()
        ]
        outputs = [self.output(output, "output", shape), *self.outputs]
        graph = helper.make_graph(self.nodes, name, self.inputs, outputs, initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="callstead")
        model.ir_version = 8
        helper.set_model_props(model, notes)
        return model
