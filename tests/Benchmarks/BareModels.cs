using System.Diagnostics;
using ForegSyte.Testing;
using Microsoft.ML.OnnxRuntime;

namespace ForegSyte.Benchmarks;

/// <summary>
/// The models of a pipeline with nothing around them: Session.Run on ready tensors, one frame after the other, with all
/// cores, on the shapes that the pipeline gives them on the sample clip. What the pixels are does not change the time.
/// </summary>
internal sealed class BareModels : IDisposable
{
    /// <summary>The caption of the clip as the recogniser gets it: its region is 292 x 35 pixels, scaled to height 48.</summary>
    private const int LineWidth = 400;

    private readonly List<(InferenceSession Session, OrtValue Input)> _models = [];
    private readonly SessionOptions _options = new() { IntraOpNumThreads = Environment.ProcessorCount };

    public BareModels(bool readsText)
    {
        // As the service makes its sessions.
        _options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        Add("nanodet_g_416.onnx", 1, 3, 416, 416);
        if (readsText)
        {
            Add("ch_PP-OCRv4_det_infer.onnx", 1, 3, 576, 768);
            Add("ch_PP-OCRv4_rec_infer.onnx", 1, 3, 48, LineWidth);
        }
    }

    /// <summary>Milliseconds a frame, over a number of frames.</summary>
    public double Measure(int frames)
    {
        using var run = new RunOptions();
        var start = Stopwatch.GetTimestamp();
        for (var frame = 0; frame < frames; frame++)
        {
            foreach (var (session, input) in _models)
            {
                using var outputs = session.Run(run, session.InputNames, [input], session.OutputNames);
            }
        }

        return Stopwatch.GetElapsedTime(start).TotalMilliseconds / frames;
    }

    public void Dispose()
    {
        foreach (var (session, input) in _models)
        {
            session.Dispose();
            input.Dispose();
        }

        _options.Dispose();
    }

    private void Add(string file, params long[] shape)
    {
        var values = new float[shape.Aggregate((left, right) => left * right)];
        new Random(1).NextBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));
        for (var index = 0; index < values.Length; index++)
        {
            values[index] = BitConverter.SingleToUInt32Bits(values[index]) / (float)uint.MaxValue;
        }

        var session = new InferenceSession(Path.Combine(RepositoryFiles.Data, "models", file), _options);
        _models.Add((session, OrtValue.CreateTensorValueFromMemory(values, shape)));
    }
}
