using ForegSyte.CommandLine.Annotation;
using ForegSyte.CommandLine.Output;
using ForegSyte.Media.Tests.Clips;
using ForegSyte.V1;

namespace ForegSyte.Media.Tests.Readers;

/// <summary>
/// The copy that the command line makes of a video, with invented results: the place of a frame's box tells its index.
/// </summary>
internal static class AnnotatedCopy
{
    /// <summary>Makes the copy.</summary>
    public static Task MakeAsync(
        string videoPath, string copyPath, VideoInfo video, IEnumerable<DeliveredFrame> frames) =>
        new VideoAnnotator(new VideoAnnotatorOptions { ConstantRateFactor = 14 }).AnnotateAsync(
            videoPath,
            copyPath,
            frames.Select(frame => ResultOf(frame, video)).ToAsyncEnumerable(),
            1,
            new SynchronousProgress<int>(_ => { }),
            TestContext.Current.CancellationToken);

    private static FrameResult ResultOf(DeliveredFrame frame, VideoInfo video) => new()
    {
        FrameIndex = frame.Index,
        FrameTimestampMs = frame.TimestampMs,
        Result = new PipelineResult
        {
            Detections =
            {
                new Detection
                {
                    Label = "car", Confidence = 0.9f, Box = DrawnBox.Of(frame.Index, video.Width, video.Height),
                },
            },
        },
    };
}
