using System.Security.Cryptography;
using ForegSyte.Client;
using ForegSyte.Media.Tests.Clips;
using ForegSyte.Media.Tests.Oracle;
using ForegSyte.Media.Tests.Readers;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Media.Tests;

/// <summary>The committed files of cases/, read and copied like the clips of the matrix.</summary>
public sealed class CaseTests(ClipWorkshop workshop, ServiceReader reader, MatrixTable table)
    : MatrixTests(workshop, reader, table)
{
    public static TheoryData<string> Clips => NamesOf("case");

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Clips))]
    public Task Case_IsReadAndCopiedRight(string clip) => CheckAsync(clip);

    [Fact]
    public async Task Files_AreThoseOfTheReadme()
    {
        var readme = await File.ReadAllTextAsync(
            Path.Combine(Path.GetDirectoryName(CaseClips.PathOf("x"))!, "README.md"),
            TestContext.Current.CancellationToken);
        foreach (var clip in CaseClips.All)
        {
            var bytes = await File.ReadAllBytesAsync(
                CaseClips.PathOf(clip.Name), TestContext.Current.CancellationToken);
            Assert.Contains(
                $"| {clip.Name}.mp4 | {Convert.ToHexStringLower(SHA256.HashData(bytes))} |", readme,
                StringComparison.Ordinal);
        }
    }
}

/// <summary>Jobs over the committed files with both services as processes, and copies by the command line.</summary>
public sealed class CaseJobTests(CaseServices services) : IClassFixture<CaseServices>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Whole videos without a warning.</summary>
    [Theory]
    [InlineData("c06_video_starts_late")]
    [InlineData("c09c_hdr_pq_white203")]
    [InlineData("c13_sar43")]
    [InlineData("c15_resolution_change")]
    [InlineData("c16_two_video_tracks")]
    [InlineData("c17_cover_first")]
    [InlineData("c21_zero_duration")]
    [InlineData("c43_intra_refresh")]
    [InlineData("c45_sei_rotate90")]
    [InlineData("c47_mirrored")]
    [InlineData("c49_first_track_empty")]
    [InlineData("c53_gap_2h")]
    public Task Job_OfAGoodVideo_AnalyzesAndCopiesEveryFrame(string name) => CheckGoodAsync(name);

    [Theory]
    [InlineData("c08_duplicate_timestamps", WarningReason.TimestampsLost, 11)]
    [InlineData("c31c_trailing_crlf", WarningReason.TrailingBytes, 2)]
    public Task Job_OfAFlawedVideo_AnalyzesEveryFrameAndWarns(string name, WarningReason reason, int count) =>
        CheckGoodAsync(name, (reason, count));

    [Fact]
    public async Task Job_OfTenThousandTinyFrames_CompletesInOneAttempt()
    {
        var job = await RunAsync("c50b_2x2_10000", stride: MatrixTests.IsComplete ? 1 : 100);

        Assert.Equal((JobStatus.Completed, 1), (job.Status, job.Attempts.Count));
        Assert.Equal((10_000, 0), (job.Summary.Frames.Total, job.Summary.Frames.Failed));
        Assert.Empty(job.Warnings);
    }

    [Fact]
    public async Task Job_OfAVideoWithDamagedPackets_TellsLostAndWrongFrames()
    {
        var job = await RunAsync("c30_corrupt_packets");

        Assert.Equal(JobStatus.Completed, job.Status);
        var frames = job.Summary.Frames;
        Assert.Equal((60, 0), (frames.Total, frames.Skipped));

        // A plain decode shows 57 frames. Frame 20 has the picture of another, and all behind it refer to lost ones.
        Assert.InRange(frames.Analyzed, 56, 59);
        Assert.InRange(frames.Failed, 1, 4);
        Assert.InRange(frames.Damaged, 1, 40);
        Assert.Equal(
            [(WarningReason.FramesLost, frames.Failed), (WarningReason.FramesDamaged, (long)frames.Damaged)],
            job.Warnings.Select(warning => (warning.Reason, warning.Count)));
    }

    [Fact]
    public async Task Submit_AnEncryptedVideo_IsRefused()
    {
        await using var client = services.Installation.Client();

        var failure = await Assert.ThrowsAsync<ForegSyteException>(() => client.SubmitFileAsync(
            CaseClips.PathOf("c46_cenc"), new SubmitOptions { PipelineId = "detect_only" }, cancellationToken: Token));

        Assert.Equal(ErrorReason.EncryptedVideo, failure.Reason);
    }

    [Fact]
    public async Task Job_OfIntraRefresh_ByStrideOf20_AnalyzesAllFive()
    {
        var job = await RunAsync("c43_intra_refresh", stride: 20);

        Assert.Equal(
            new FrameAccounting { Total = 90, Analyzed = 5, Skipped = 85 }, job.Summary.Frames);
    }

    [Fact]
    public async Task Text_OnAStrip_IsReadWhole()
    {
        var job = await RunAsync("c27_4000x32", pipeline: "ocr_only");

        Assert.Equal(4, job.Summary.Frames.Analyzed);
        Assert.Contains(
            "NEXT TRAIN TO CENTRAL STATION DEPARTS AT 1045 FROM PLATFORM 7",
            job.Summary.Texts.Select(text => text.Text));
    }

    [Fact]
    public async Task Text_UpsideDown_IsReadOrLeftOut()
    {
        var job = await RunAsync("t_rot180", pipeline: "ocr_only");

        Assert.Equal(2, job.Summary.Frames.Analyzed);
        Assert.All(job.Summary.Texts, text => Assert.Equal("DEPARTURE HALL B 42", text.Text));
    }

    [Fact]
    public async Task Text_InCyrillic_GivesNoLatinLookAlikes()
    {
        var job = await RunAsync("t_cyr", pipeline: "ocr_only");

        Assert.Equal(2, job.Summary.Frames.Analyzed);
        Assert.Empty(job.Summary.Texts);
        Assert.Contains(job.Warnings, warning => warning.Reason == WarningReason.UnsupportedScript);
    }

    private async Task CheckGoodAsync(string name, params (WarningReason Reason, long Count)[] warnings)
    {
        var clip = CaseClips.All.Single(one => one.Name == name);
        var job = await RunAsync(name);

        Assert.Equal((JobStatus.Completed, 1), (job.Status, job.Attempts.Count));
        var frames = clip.Pictures.Count;
        Assert.Equal(new FrameAccounting { Total = frames, Analyzed = frames }, job.Summary.Frames);
        Assert.Equal(warnings, job.Warnings.Select(warning => (warning.Reason, warning.Count)));

        using var folder = new TemporaryFolder();
        var run = await CommandLineProcess.RunAsync(
            services.Installation.JobAddress, null, "annotate", job.JobId, "--output", folder.Path + "/");
        Assert.True(run.ExitCode == 0, $"Exit code {run.ExitCode}: {run.StandardError}");
        await CheckCopyAsync(clip, Assert.Single(Directory.GetFiles(folder.Path, "*.mp4")), job);
    }

    /// <summary>The copy shows a picture at the time of every result, in order.</summary>
    private async Task CheckCopyAsync(MediaClip clip, string copy, Job job)
    {
        await using var client = services.Installation.Client();
        var results = await client.GetResultsAsync(job.JobId, cancellationToken: Token).ToListAsync(Token);
        Assert.Equal(
            (uint)(clip.StartMs ?? 0), results[0].FrameTimestampMs);
        var times = await PlainFfmpeg.TimesAsync(copy, 0);
        var shown = results.Select(result => result.FrameTimestampMs).Distinct()
            .Select(time => (decimal)time - results[0].FrameTimestampMs);
        var copied = times.Select(time => 1000 * (time - times[0])).ToList();
        Assert.All(shown, time => Assert.Contains(copied, other => Math.Abs(other - time) <= 2));
    }

    private async Task<Job> RunAsync(string name, string pipeline = "detect_only", int stride = 1)
    {
        await using var client = services.Installation.Client();
        var submitted = await client.SubmitFileAsync(
            CaseClips.PathOf(name), new SubmitOptions { PipelineId = pipeline, FrameStride = stride },
            cancellationToken: Token);
        return await client.WaitForCompletionAsync(submitted.JobId, cancellationToken: Token);
    }
}

/// <summary>Both services as processes, started once.</summary>
public sealed class CaseServices : IAsyncLifetime
{
    public Installation Installation { get; } = new();

    public async ValueTask InitializeAsync() => await Installation.StartAsync();

    public ValueTask DisposeAsync() => Installation.DisposeAsync();
}
