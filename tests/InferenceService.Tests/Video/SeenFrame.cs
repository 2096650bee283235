using System.Security.Cryptography;
using ForegSyte.Inference.Video;

namespace ForegSyte.Inference.Tests.Video;

/// <summary>What a test keeps of a frame.</summary>
internal sealed record SeenFrame(int Index, int TimestampMs, string PixelHash)
{
    public static SeenFrame Of(Frame frame) => new(frame.Index, frame.TimestampMs, HashOf(frame.Pixels.Span));

    public static string HashOf(ReadOnlySpan<byte> pixels) => Convert.ToHexString(SHA256.HashData(pixels));
}
