using ForegSyte.Inference.Grpc;
using ForegSyte.Inference.Memory;
using ForegSyte.Inference.Video;
using ForegSyte.V1;
using ForegSyte.Video;

namespace ForegSyte.Architecture.Tests.Deployment;

/// <summary>Compares the limits of units and manifests with what the defaults need.</summary>
internal static class DefaultMemory
{
    /// <summary>Memory of the service with the shipped models, beside decoders and frames.</summary>
    private const long ServiceBytes = 1L << 30;

    /// <summary>Threads of the service itself: runtime, pool, ONNX Runtime.</summary>
    private const int TasksOfService = 256;

    /// <summary>Threads of a decoder beside those that decode: FFmpeg's own, filters, and bubblewrap.</summary>
    private const int TasksOfDecoder = 16;

    /// <summary>
    /// Threads and processes at most: each segment has two decoders and a scan, and others wait or probe.
    /// </summary>
    public static int Tasks
    {
        get
        {
            var (video, grpc) = (new VideoOptions(), new GrpcOptions());
            var decoders = (3 * grpc.MaxRunningSegments) + video.WaitingDecoders + grpc.MaxRunningProbes;
            return TasksOfService + (decoders * (video.DecoderThreads + TasksOfDecoder));
        }
    }

    /// <summary>
    /// A service with this limit has room for its models, and its budget for the largest frame of the defaults.
    /// </summary>
    public static void Check(long limit)
    {
        var budget = new MemoryLimit(limit, IsOwn: true).Budget;
        Assert.InRange(limit - budget, ServiceBytes, limit);
        var largest = new VideoIndex(
            new VideoInfo { Width = 8192, Height = new VideoOptions().MaxFramePixels / 8192, Codec = "hevc" },
            new TimeBase(1, 25), [0], [])
        {
            PixelFormat = "yuv420p",
        };
        var size = DecodeSize.Native.For(largest.Info.Width, largest.Info.Height);
        Assert.InRange(SegmentMemory.Least(largest, size, kept: 0, new MemoryRoom(budget)), 1, budget);
    }
}
