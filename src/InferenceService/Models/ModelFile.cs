using System.Text;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace ForegSyte.Inference.Models;

/// <summary>An input or output that a model file declares.</summary>
/// <param name="Shape">Name and shape.</param>
/// <param name="Type">Type of its values in ONNX's spelling, for example "float".</param>
internal sealed record ModelTensor(TensorShape Shape, string Type)
{
    public const string Float = "float";

    public const string Int64 = "int64";

    /// <summary>Text for messages, for example "images float [1, 3, 640, 640]".</summary>
    public override string ToString() => $"{Shape.Name} {Type} [{string.Join(", ", Shape.Sizes)}]";
}

/// <summary>A file is not a model that can be inspected. The message says why and what to do.</summary>
internal sealed class ModelFileException(string message, Exception? innerException = null)
    : Exception(message, innerException);

/// <summary>An ONNX file that is not in the catalogue: what it declares, and what it answers to a gray image.</summary>
internal sealed class ModelFile : IDisposable
{
    private const float Gray = 0.5f;
    private readonly InferenceSession _session;

    private ModelFile(InferenceSession session, ReadOnlyMemory<byte> bytes)
    {
        _session = session;
        Bytes = bytes;
        Inputs = [.. session.InputNames.Select(name => Describe(name, session.InputMetadata[name]))];
        Outputs = [.. session.OutputNames.Select(name => Describe(name, session.OutputMetadata[name]))];
        Metadata = session.ModelMetadata.CustomMetadataMap;
        Producer = session.ModelMetadata.ProducerName;
    }

    /// <summary>The content of the file.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    public IReadOnlyList<ModelTensor> Inputs { get; }

    public IReadOnlyList<ModelTensor> Outputs { get; }

    /// <summary>The metadata of the file, for example Ultralytics' "names", "imgsz" and "task".</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Name of the program that wrote the file; may be empty.</summary>
    public string Producer { get; }

    /// <summary>Opens a file on the CPU.</summary>
    /// <exception cref="ModelFileException">The file is missing, too large, not ONNX, or has external data.</exception>
    public static ModelFile Open(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
        {
            throw new ModelFileException($"The file {path} does not exist.");
        }

        if (file.Length > ModelSessions.MaxFileBytes)
        {
            throw new ModelFileException(
                $"The file {path} has {file.Length} bytes; the limit is {ModelSessions.MaxFileBytes}.");
        }

        var bytes = File.ReadAllBytes(path);
        RefuseOtherFormats(path, bytes);
        if (OnnxFields.ExternalFiles(bytes) is { Count: > 0 } external)
        {
            throw new ModelFileException(
                $"{path} keeps its weights in other files ({string.Join(", ", external)}). Save it as one file: "
                + "onnx.save(onnx.load(\"in.onnx\"), \"out.onnx\") in Python.");
        }

        try
        {
            using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
            return new ModelFile(new InferenceSession(bytes, options), bytes);
        }
        catch (OnnxRuntimeException failure)
        {
            throw new ModelFileException(
                $"{path} is not a model that ONNX Runtime can load: {failure.Message}", failure);
        }
    }

    /// <summary>
    /// Runs the model once on gray. Dimensions of any size become 1 image of the given size; a second input of whole
    /// numbers gets that size.
    /// </summary>
    /// <returns>For each of <see cref="Outputs"/> the real shape and, for 32-bit floats, the values.</returns>
    /// <exception cref="ModelFileException">The run failed.</exception>
    public IReadOnlyList<(TensorShape Shape, float[] Values)> RunOnGray(int width, int height)
    {
        var inputs = new List<OrtValue>();
        try
        {
            foreach (var input in Inputs)
            {
                inputs.Add(input.Type == ModelTensor.Int64 ? Sizes(width, height) : Image(input.Shape, width, height));
            }

            using var options = new RunOptions();
            using var outputs = _session.Run(options, _session.InputNames, inputs, _session.OutputNames);
            return
            [
                .. outputs.Select((output, index) => (
                    new TensorShape(
                        Outputs[index].Shape.Name,
                        [.. output.GetTensorTypeAndShape().Shape.Select(size => (int)size)]),
                    Outputs[index].Type == ModelTensor.Float ? output.GetTensorDataAsSpan<float>().ToArray() : [])),
            ];
        }
        catch (OnnxRuntimeException failure)
        {
            throw new ModelFileException(
                $"The model does not run on an image of {width}x{height} pixels: {failure.Message}", failure);
        }
        finally
        {
            inputs.ForEach(input => input.Dispose());
        }
    }

    /// <inheritdoc />
    public void Dispose() => _session.Dispose();

    private static OrtValue Sizes(int width, int height) =>
        OrtValue.CreateTensorValueFromMemory(new long[] { width, height }, [1, 2]);

    private static OrtValue Image(TensorShape declared, int width, int height)
    {
        long[] planar = [1, 3, height, width];
        long[] interleaved = [1, height, width, 3];
        var wanted = declared.Sizes is [_, _, _, 3] ? interleaved : planar;
        long[] shape = [.. declared.Sizes.Select((size, index) => size > 0 ? size : wanted[Math.Min(index, 3)])];
        var values = new float[shape.Aggregate((a, b) => a * b)];
        values.AsSpan().Fill(Gray);
        return OrtValue.CreateTensorValueFromMemory(values, shape);
    }

    private static ModelTensor Describe(string name, NodeMetadata metadata) => new(
        new TensorShape(name, metadata.IsTensor ? metadata.Dimensions : []),
        !metadata.IsTensor ? "(not a tensor)" : metadata.ElementDataType switch
        {
            TensorElementType.Float => ModelTensor.Float,
            TensorElementType.Float16 => "float16",
            TensorElementType.Int64 => ModelTensor.Int64,
            var other => other.ToString().ToLowerInvariant(),
        });

    private static void RefuseOtherFormats(string path, ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith("PK"u8))
        {
            throw new ModelFileException(
                $"{path} is a zip archive, as PyTorch's checkpoints (.pt) are, and not an ONNX file. Export it first: "
                + "yolo export model=best.pt format=onnx nms=False.");
        }

        if (bytes.StartsWith("version https://git-lfs"u8))
        {
            throw new ModelFileException(
                $"{path} is a pointer of Git LFS and not the model. Get the model with git lfs pull.");
        }
    }
}

/// <summary>
/// Reads what ONNX Runtime does not tell from the protobuf fields of an ONNX file (onnx/onnx, onnx.proto).
/// </summary>
internal static class OnnxFields
{
    private const int Graph = 7;
    private const int Initializer = 5;
    private const int ExternalData = 13;
    private const int Key = 1;
    private const int Value = 2;

    /// <summary>The files outside the model that hold its weights; empty for none or a file that is not ONNX.</summary>
    public static IReadOnlyList<string> ExternalFiles(ReadOnlySpan<byte> model)
    {
        var files = new SortedSet<string>(StringComparer.Ordinal);
        for (var fields = new Fields(model); fields.Next();)
        {
            for (var graph = new Fields(fields.Of(Graph)); graph.Next();)
            {
                for (var tensor = new Fields(graph.Of(Initializer)); tensor.Next();)
                {
                    AddLocation(tensor.Of(ExternalData), files);
                }
            }
        }

        return [.. files];
    }

    private static void AddLocation(ReadOnlySpan<byte> entry, SortedSet<string> files)
    {
        var (key, value) = ("", "");
        for (var fields = new Fields(entry); fields.Next();)
        {
            key = fields.Of(Key) is { Length: > 0 } name ? Encoding.UTF8.GetString(name) : key;
            value = fields.Of(Value) is { Length: > 0 } text ? Encoding.UTF8.GetString(text) : value;
        }

        if (key == "location")
        {
            files.Add(value);
        }
    }

    /// <summary>The fields of a protobuf message; ends at the first damaged one.</summary>
    private ref struct Fields(ReadOnlySpan<byte> message)
    {
        private ReadOnlySpan<byte> _rest = message;
        private ReadOnlySpan<byte> _content;
        private int _number;

        /// <summary>The content of the current field if it has this number, otherwise nothing.</summary>
        public readonly ReadOnlySpan<byte> Of(int number) => _number == number ? _content : default;

        public bool Next()
        {
            if (!TryVarint(out var tag))
            {
                return false;
            }

            _number = (int)(tag >> 3);
            _content = default;
            return (tag & 7) switch
            {
                0 => TryVarint(out _),
                1 => TrySkip(8),
                2 => TryVarint(out var length) && length <= (ulong)_rest.Length && TryTake((int)length),
                5 => TrySkip(4),
                _ => false,
            };
        }

        private bool TryTake(int length)
        {
            _content = _rest[..length];
            _rest = _rest[length..];
            return true;
        }

        private bool TrySkip(int length)
        {
            var fits = _rest.Length >= length;
            _rest = fits ? _rest[length..] : default;
            return fits;
        }

        private bool TryVarint(out ulong value)
        {
            value = 0;
            for (var index = 0; index < _rest.Length && index < 10; index++)
            {
                value |= (ulong)(_rest[index] & 0x7F) << (7 * index);
                if (_rest[index] < 0x80)
                {
                    _rest = _rest[(index + 1)..];
                    return true;
                }
            }

            return false;
        }
    }
}
