using System.Runtime.CompilerServices;
using ForegSyte.Inference.Video;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace ForegSyte.Benchmarks;

/// <summary>Reads a clip with the service's own decoder.</summary>
internal static class Clip
{
    /// <summary>Every frame in its own size, one at a time; each is given back when the next is asked for.</summary>
    public static async IAsyncEnumerable<Frame> ReadAsync(
        string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var options = Options.Create(new VideoOptions());
        var tools = new DecoderTools(options, NullLogger<DecoderTools>.Instance);
        var probe = new VideoProbe(
            tools, new VideoIndexCache(options), options, TimeProvider.System, NullLogger<VideoProbe>.Instance);
        var source = new FrameSource(tools, options, TimeProvider.System, NullLogger<FrameSource>.Instance);
        var index = await probe.ReadAsync(path, cancellationToken);
        await foreach (var frame in source.ReadAsync(
            path, index, range: null, stride: 1, DecodeSize.Native, new DecodeMeter(), cancellationToken))
        {
            using (frame)
            {
                yield return frame;
            }
        }
    }
}
