using ForegSyte.Hosting.Configuration;
using ForegSyte.Inference.Memory;
using ForegSyte.Inference.Video;
using ForegSyte.Media.Tests.Clips;
using ForegSyte.V1;
using ForegSyte.Video;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ForegSyte.Media.Tests.Readers;

/// <summary>A frame that the InferenceService's reader delivered.</summary>
internal sealed record DeliveredFrame(int Index, uint TimestampMs, bool IsDamaged, SeenPicture Picture)
{
    /// <summary>Number that the picture shows; null if it shows none.</summary>
    public int? Number => Picture.Number;
}

/// <summary>The frames of a read, and their counts.</summary>
internal sealed record Delivery(List<DeliveredFrame> Frames, FrameAccounting Accounting);

/// <summary>The InferenceService's own reader of videos, as the service registers it.</summary>
public sealed class ServiceReader : IAsyncDisposable
{
    private readonly WebApplication _services;

    public ServiceReader()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.AddVideo();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(new DataDirectory(Path.GetTempPath()));
        _services = builder.Build();
    }

    /// <summary>What ProbeVideo says.</summary>
    internal async Task<(VideoInfo Video, IReadOnlyList<Warning> Warnings)> ProbeAsync(string path)
    {
        var index = await IndexAsync(path);
        return (index.Info, index.Warnings);
    }

    /// <summary>Delivers the frames of a range as a pipeline gets them.</summary>
    internal async Task<Delivery> ReadAsync(
        string path, MediaClip clip, int start = 0, int end = 0, int stride = 1)
    {
        var index = await IndexAsync(path);
        var meter = new DecodeMeter();
        List<DeliveredFrame> frames = [];
        var range = new FrameRange { StartFrame = start, EndFrame = end };
        var source = _services.Services.GetRequiredService<FrameSource>();
        var choices = source.MemoryOf(index, range, stride, DecodeSize.Native, 1, 0);
        var taken = await _services.Services.GetRequiredService<MemoryBudget>().TakeAsync(
            [.. choices.Select(choice => choice.Bytes)], isBrief: false, TestContext.Current.CancellationToken);
        using var share = new SegmentShare(choices[taken.Choice], taken);
        await foreach (var frame in source.ReadAsync(
            VideoFile.Open(path), index, range, stride, 0, DecodeSize.Native, meter, share,
            TestContext.Current.CancellationToken))
        {
            using (frame)
            {
                frames.Add(new DeliveredFrame(
                    frame.Index, frame.TimestampMs, IsDamaged: false,
                    SeenPicture.Of(frame.Pixels.Span, frame.Width, frame.Height, clip)));
            }
        }

        // The decoder tells at its end which frames it repaired.
        return new Delivery(
            [.. frames.Select(frame => frame with { IsDamaged = meter.IsDamaged(frame.Index) })],
            meter.ToAccounting());
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    private Task<VideoIndex> IndexAsync(string path) =>
        _services.Services.GetRequiredService<VideoProbe>().ReadAsync(
            VideoFile.Open(path), TestContext.Current.CancellationToken);
}
