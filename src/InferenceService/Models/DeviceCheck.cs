using Microsoft.ML.OnnxRuntime;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace ForegSyte.Inference.Models;

/// <summary>
/// Computes one sum on a device. A provider can be added to a session's options where its libraries are, also without
/// a GPU; only a session that runs tells whether there is one.
/// </summary>
internal static class DeviceCheck
{
    /// <summary>A model of one node, y = x + x on one float: ONNX, IR version 8, operator set 13.</summary>
    private static readonly byte[] Doubling = Convert.FromBase64String(
        "CAg6NQoOCgF4CgF4EgF5IgNBZGQSAWdaDwoBeBIKCggIARIECgIIAWIPCgF5EgoKCAgBEgQKAggBQgIQDQ==");

    /// <summary>Runs it.</summary>
    /// <exception cref="OnnxRuntimeException">The device cannot be used; the message tells why.</exception>
    public static void Run(SessionOptions options)
    {
        using var session = new InferenceSession(Doubling, options);
        using var run = new RunOptions();
        using var input = OrtValue.CreateTensorValueFromMemory(new float[] { 21 }, [1]);
        using var outputs = session.Run(run, ["x"], [input], ["y"]);
        var sum = outputs[0].GetTensorDataAsSpan<float>()[0];
        if (sum != 42)
        {
            throw new InvalidOperationException(FormattableString.Invariant($"The device says that 21 + 21 is {sum}."));
        }
    }
}
