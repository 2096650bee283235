using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Fakes;
using ForegSyte.Protocol.Json;
using ForegSyte.Testing;
using ForegSyte.V1;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Storage;

/// <summary>
/// Rows and manifests as the version before the contract's release wrote them, which the service still reads.
/// </summary>
public sealed class StoredJsonTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Video_WithMilliseconds_HasADuration()
    {
        var video = StoredJson.Video(
            """{ "width": 768, "height": 432, "frame_count": 2, "duration_ms": 2001, "codec": "h264" }""")!;

        Assert.Equal((768, 2, "h264"), (video.Width, video.FrameCount, video.Codec));
        Assert.Equal(TimeSpan.FromMilliseconds(2001), video.Duration.ToTimeSpan());
        Assert.Equal(video, StoredJson.Video(StoredJson.Write(video)));
    }

    [Fact]
    public void Summary_WithMaps_HasListsInTheirOrder()
    {
        var summary = StoredJson.Summary(
            """
            { "frames": { "decoded": 10, "analyzed": 6, "skipped": 1, "failed": 3,
                "failed_by_reason": { "UNDECODABLE_VIDEO": 2, "DECODER_LOST": 1 } },
              "detections_by_label": { "car": 1, "person": 464, "bus": 1 },
              "texts": [ { "text": "GATE 07", "frame_count": 3 } ] }
            """);

        var expected = new JobSummary
        {
            Frames = new FrameAccounting
            {
                Total = 10,
                Analyzed = 6,
                Skipped = 1,
                Failed = 3,
                Failures =
                {
                    new FrameFailureCount { Reason = "DECODER_LOST", FrameCount = 1 },
                    new FrameFailureCount { Reason = "UNDECODABLE_VIDEO", FrameCount = 2 },
                },
            },
            Labels =
            {
                new LabelSummary { Label = "person", DetectionCount = 464 },
                new LabelSummary { Label = "bus", DetectionCount = 1 },
                new LabelSummary { Label = "car", DetectionCount = 1 },
            },
            Texts = { new TextSummary { Text = "GATE 07", FrameCount = 3 } },
        };
        Assert.Equal(expected, summary);
        Assert.Equal(expected, StoredJson.Summary(StoredJson.Write(expected)));
    }

    [Fact]
    public void Devices_AsOneObject_AreAListOfOne()
    {
        var device = new Device { ExecutionProvider = ExecutionProvider.Cpu, Description = "CPU, 2 threads" };

        Assert.Equal(new DeviceList([device]), StoredJson.Devices(ForegSyteJson.Formatter.Format(device)));
        var two = new DeviceList([device, new Device()]);
        Assert.Equal(two, StoredJson.Devices(StoredJson.Write(two)));
        Assert.Equal(DeviceList.Empty, StoredJson.Devices(null));
        Assert.Null(StoredJson.Write(DeviceList.Empty));
    }

    [Fact]
    public async Task Manifest_OfTheVersionBefore_IsReadWhole()
    {
        var jobId = Guid.Parse("3f2504e0-4f89-41d3-9a0c-0305e82c3301");
        await using var storage = new LocalStorage(Options.Create(new StorageOptions { Root = _folder.Path }));
        File.Copy(
            Path.Combine(RepositoryFiles.Root, "tests/JobService.Tests/Golden/manifest_before_0.1.0.json"),
            Path.Combine(_folder.Path, StorageCalls.SidecarOf(jobId)));

        var job = (await storage.ReadManifestAsync(jobId))!;

        Assert.Equal(
            (JobStatus.Completed, $"{jobId}.mp4", $"{jobId}_results.json"),
            (job.Status, job.InputPath, job.OutputPath));
        Assert.Equal(TimeSpan.FromMilliseconds(13640), job.Video!.Duration.ToTimeSpan());
        Assert.Equal(
            [new LabelSummary { Label = "person", DetectionCount = 464 }], job.Summary!.Labels);
        Assert.Equal(341, job.Summary.Frames.Total);
        Assert.Equal("CPU, 2 threads", Assert.Single(job.Devices).Description);
        Assert.Equal(
            [ErrorReason.DecoderLost, ErrorReason.Unspecified],
            job.Attempts.Select(attempt => attempt.Failure?.Reason ?? ErrorReason.Unspecified));
        Assert.Equal("The decoder was lost.", job.Attempts[0].Failure!.Message);
        Assert.Equal(job.Devices, job.Attempts[1].Devices);
    }
}
