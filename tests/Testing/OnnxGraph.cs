using System.Runtime.InteropServices;
using Google.Protobuf;

namespace ForegSyte.Testing;

/// <summary>
/// Writes small ONNX files (IR version 8, operator set 13), most of them with constant outputs, whatever the image
/// shows. The field numbers are those of onnx.proto.
/// </summary>
public sealed class OnnxGraph
{
    public const int Floats = 1;
    public const int WholeNumbers = 7;
    public const int HalfFloats = 10;

    private readonly List<byte[]> _nodes = [];
    private readonly List<byte[]> _constants = [];
    private readonly List<byte[]> _inputs = [];
    private readonly List<byte[]> _outputs = [];
    private readonly List<byte[]> _metadata = [];

    /// <summary>Adds an input; -1 stands for any size.</summary>
    public OnnxGraph Input(string name, int type, params int[] shape)
    {
        _inputs.Add(Value(name, type, shape));
        return this;
    }

    /// <summary>Adds an output of 32-bit floats with constant values.</summary>
    /// <param name="name">Name.</param>
    /// <param name="shape">Real shape.</param>
    /// <param name="values">As many values as the shape has, or one for all.</param>
    /// <param name="declared">Declared shape; null for the real one.</param>
    public OnnxGraph Output(string name, int[] shape, float[] values, int[]? declared = null)
    {
        var count = shape.Aggregate(1, (a, b) => a * b);
        float[] all = values.Length == count ? values : [.. Enumerable.Repeat(values[0], count)];
        _constants.Add(Tensor(name + "_values", Floats, shape, MemoryMarshal.AsBytes<float>(all)));
        return Identity(name, Floats, declared ?? shape);
    }

    /// <summary>Adds an output of 64-bit whole numbers with constant values.</summary>
    public OnnxGraph Output(string name, int[] shape, long[] values)
    {
        _constants.Add(Tensor(name + "_values", WholeNumbers, shape, MemoryMarshal.AsBytes<long>(values)));
        return Identity(name, WholeNumbers, shape);
    }

    /// <summary>
    /// Adds an output of 32-bit floats that depends on one pixel of the first image: the table at the position
    /// gray level / 16. The image must hold levels as -1 (black) to 1 (white).
    /// </summary>
    /// <param name="name">Name.</param>
    /// <param name="image">Name of the input, [images, channels, rows, columns].</param>
    /// <param name="pixel">Row and column of the pixel.</param>
    /// <param name="shape">Real shape of each table.</param>
    /// <param name="tables">The tables, at most 16.</param>
    /// <param name="declared">Declared shape.</param>
    public OnnxGraph OutputByPixel(
        string name, string image, (int Row, int Column) pixel, int[] shape, float[][] tables, int[] declared)
    {
        var (row, column) = pixel;
        float[] values = [.. tables.SelectMany(table => table)];
        _constants.Add(Tensor("tables", Floats, [tables.Length, .. shape], MemoryMarshal.AsBytes<float>(values)));
        _constants.Add(Tensor("first", WholeNumbers, [4], MemoryMarshal.AsBytes<long>([0, 0, row, column])));
        _constants.Add(Tensor("end", WholeNumbers, [4], MemoryMarshal.AsBytes<long>([1, 1, row + 1, column + 1])));
        _constants.Add(Tensor("half", Floats, [1], MemoryMarshal.AsBytes<float>([255f / 2 / 16])));
        _nodes.Add(Node("Slice", [image, "first", "end"], "value"));
        _nodes.Add(Node("Mul", ["value", "half"], "scaled"));
        _nodes.Add(Node("Add", ["scaled", "half"], "position"));
        _nodes.Add(Node("Cast", ["position"], "whole", ("to", WholeNumbers)));
        _nodes.Add(Node("Squeeze", ["whole"], "index"));
        _nodes.Add(Node("Gather", ["tables", "index"], name));
        _outputs.Add(Value(name, Floats, declared));
        return this;
    }

    /// <summary>
    /// Adds the outputs of RT-DETR for two queries: boxes are shares of the second input, the size of the image.
    /// </summary>
    public OnnxGraph RtDetrOutputs(long[] labels, float[] shares, float[] scores)
    {
        Output("labels", [1, 2], labels);
        Output("scores", [1, 2], scores);
        _constants.Add(Tensor("shares", Floats, [1, 2, 4], MemoryMarshal.AsBytes<float>(shares)));
        _nodes.Add(Node("Cast", ["orig_target_sizes"], "size", ("to", Floats)));
        _nodes.Add(Node("Concat", ["size", "size"], "sizes", ("axis", 1)));
        _nodes.Add(Node("Mul", ["shares", "sizes"], "boxes"));
        _outputs.Add(Value("boxes", Floats, [1, 2, 4]));
        return this;
    }

    /// <summary>Adds an output: the product of a square matrix of 32-bit floats with itself, so many times.</summary>
    public OnnxGraph MatrixProducts(string input, string output, int side, int count)
    {
        for (var product = 0; product < count; product++)
        {
            _nodes.Add(Node(
                "MatMul", [product == 0 ? input : $"product{product}", input],
                product == count - 1 ? output : $"product{product + 1}"));
        }

        _outputs.Add(Value(output, Floats, [side, side]));
        return this;
    }

    /// <summary>Adds a line of metadata.</summary>
    public OnnxGraph Metadata(string key, string value)
    {
        _metadata.Add(Message(output =>
        {
            Text(output, 1, key);
            Text(output, 2, value);
        }));
        return this;
    }

    /// <summary>Adds weights in another file.</summary>
    public OnnxGraph ExternalWeights(string location)
    {
        _constants.Add(Message(output =>
        {
            Number(output, 2, Floats);
            Text(output, 8, "weights");
            Bytes(output, 13, Message(entry =>
            {
                Text(entry, 1, "location");
                Text(entry, 2, location);
            }));
            Number(output, 14, 1);
        }));
        return this;
    }

    /// <summary>The file.</summary>
    public byte[] ToBytes()
    {
        var graph = Message(output =>
        {
            _nodes.ForEach(node => Bytes(output, 1, node));
            Text(output, 2, "test");
            _constants.ForEach(constant => Bytes(output, 5, constant));
            _inputs.ForEach(input => Bytes(output, 11, input));
            _outputs.ForEach(value => Bytes(output, 12, value));
        });
        return Message(output =>
        {
            Number(output, 1, 8);
            Text(output, 2, "foregsyte-tests");
            Bytes(output, 7, graph);
            Bytes(output, 8, Message(version => Number(version, 2, 13)));
            _metadata.ForEach(entry => Bytes(output, 14, entry));
        });
    }

    private OnnxGraph Identity(string name, int type, int[] declared)
    {
        _nodes.Add(Node("Identity", [name + "_values"], name));
        _outputs.Add(Value(name, type, declared));
        return this;
    }

    private static byte[] Node(
        string type, string[] inputs, string result, params (string Name, int Value)[] attributes) =>
        Message(output =>
        {
            Array.ForEach(inputs, input => Text(output, 1, input));
            Text(output, 2, result);
            Text(output, 4, type);
            foreach (var (name, value) in attributes)
            {
                Bytes(output, 5, Message(attribute =>
                {
                    Text(attribute, 1, name);
                    Number(attribute, 3, value);
                    Number(attribute, 20, 2);
                }));
            }
        });

    private static byte[] Tensor(string name, int type, int[] shape, ReadOnlySpan<byte> values)
    {
        var raw = values.ToArray();
        return Message(output =>
        {
            Array.ForEach(shape, size => Number(output, 1, size));
            Number(output, 2, type);
            Text(output, 8, name);
            Bytes(output, 9, raw);
        });
    }

    private static byte[] Value(string name, int type, int[] shape) => Message(output =>
    {
        Text(output, 1, name);
        Bytes(output, 2, Message(kind => Bytes(kind, 1, Message(tensor =>
        {
            Number(tensor, 1, type);
            Bytes(tensor, 2, Message(sizes => Array.ForEach(shape, size => Bytes(sizes, 1, Message(dimension =>
            {
                if (size >= 0)
                {
                    Number(dimension, 1, size);
                }
                else
                {
                    Text(dimension, 2, "any");
                }
            })))));
        }))));
    });

    private static byte[] Message(Action<CodedOutputStream> write)
    {
        using var stream = new MemoryStream();
        using var output = new CodedOutputStream(stream);
        write(output);
        output.Flush();
        return stream.ToArray();
    }

    private static void Number(CodedOutputStream output, int field, long value)
    {
        output.WriteTag(field, WireFormat.WireType.Varint);
        output.WriteInt64(value);
    }

    private static void Text(CodedOutputStream output, int field, string value)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteString(value);
    }

    private static void Bytes(CodedOutputStream output, int field, byte[] value)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(value));
    }
}
