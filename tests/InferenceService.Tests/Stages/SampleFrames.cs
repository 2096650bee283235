using CliWrap;
using ForegSyte.Inference.Video;
using ForegSyte.Testing;

namespace ForegSyte.Inference.Tests.Stages;

/// <summary>Decodes frames with ffmpeg, independently of the service's decoder.</summary>
internal static class SampleFrames
{
    public const int Width = 768;

    public const int Height = 576;

    /// <summary>Every n-th frame of pedestrians.mp4, at its native size or stretched to a size.</summary>
    public static async Task<List<Frame>> ReadAsync(int every, int? width = null, int? height = null)
    {
        var (frameWidth, frameHeight) = (width ?? Width, height ?? Height);
        var filter = FormattableString.Invariant(
            $"select='not(mod(n,{every}))',scale={frameWidth}:{frameHeight}:flags=area+accurate_rnd");
        using var output = new MemoryStream();
        await Cli.Wrap("ffmpeg")
            .WithArguments(["-v", "error", "-nostdin", "-i", RepositoryFiles.Pedestrians, "-vf", filter,
                "-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
            .WithStandardOutputPipe(PipeTarget.ToStream(output))
            .ExecuteAsync();
        var length = frameWidth * frameHeight * Frame.BytesPerPixel;
        var frames = new List<Frame>();
        for (var start = 0; start + length <= output.Length; start += length)
        {
            var frame = new Frame(
                frames.Count * every, (uint)(frames.Count * every * 100), frameWidth, frameHeight, Width, Height);
            output.GetBuffer().AsSpan(start, length).CopyTo(frame.Pixels.Span);
            frames.Add(frame);
        }

        return frames;
    }
}
