using ForegSyte.Client;
using ForegSyte.Fuzz.Tests.Running;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Fuzz.Tests.Corpus;

/// <summary>Broken videos through both services, as real processes, up to the end of their jobs.</summary>
public sealed class CorpusJobsTests(Tally tally)
{
    /// <summary>Every so many videos in `make test`; all of them in `make fuzz`.</summary>
    private const int QuickStep = 7;

    /// <summary>Most videos whose jobs are under way at the same time.</summary>
    private const int Batch = 16;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Submit_BrokenVideos_FailAloneAndLeaveNothing()
    {
        await using var services = new Installation(
            new Dictionary<string, string> { ["Retry:FirstDelay"] = "00:00:00.0100000" });
        await services.StartAsync();
        await using var client = services.Client();
        var footprint = await WarmedAsync(client, services);
        var step = FuzzSettings.IsWhole ? 1 : QuickStep;
        var videos = BrokenVideos.All().Where((_, number) => number % step == FuzzSettings.Seed % step);

        foreach (var batch in videos.Chunk(Batch))
        {
            await Task.WhenAll(batch.Select(video => RunAsync(client, video))).WaitAsync(Patience, Token);
        }

        await RunGoodAsync(client);
        await footprint.AssertUnchangedAsync(services, Token);
    }

    private async Task RunAsync(ForegSyteClient client, BrokenVideo video)
    {
        Job job;
        try
        {
            job = await client.SubmitVideoAsync(video.Bytes, Options(), Token);
        }
        catch (ForegSyteException refusal)
        {
            Assert.True(IsExpected(refusal.Reason), $"{video}: {refusal.Reason}: {refusal.Message}");
            tally.Count("corpus, jobs", $"refused {refusal.Reason}");
            return;
        }

        job = await client.WaitForCompletionAsync(job.JobId, cancellationToken: Token);
        if (job.Status == JobStatus.Failed)
        {
            var reason = Protocol.Errors.ErrorReasons.Parse(job.ErrorInfo.Reason);
            Assert.True(IsExpected(reason), $"{video}: {reason}: {job.ErrorMessage}");
            tally.Count("corpus, jobs", $"failed {reason}");
        }
        else
        {
            Assert.Equal(JobStatus.Completed, job.Status);
            tally.Count("corpus, jobs", "completed");
        }

        await client.DeleteJobAsync(job.JobId, cancellationToken: Token);
    }

    /// <summary>A published reason that names a fault of the video's or a limit, and no defect.</summary>
    private static bool IsExpected(ErrorReason reason) => reason is ErrorReason.EmptyVideo or ErrorReason.NotAnMp4
        or ErrorReason.TruncatedMp4 or ErrorReason.NoVideoTrack or ErrorReason.NoFrames or ErrorReason.UndecodableVideo
        or ErrorReason.VideoLimitExceeded or ErrorReason.DecoderLost or ErrorReason.MessageTooLarge;

    private static SubmitOptions Options() => new() { PipelineId = "detect_only", MaxFrames = 2 };

    private static async Task RunGoodAsync(ForegSyteClient client)
    {
        var job = await client.SubmitFileAsync(RepositoryFiles.Pedestrians, Options(), Token);
        job = await client.WaitForCompletionAsync(job.JobId, cancellationToken: Token);
        Assert.Equal((JobStatus.Completed, 2), (job.Status, job.Summary.Frames.Analyzed));
        await client.DeleteJobAsync(job.JobId, cancellationToken: Token);
    }

    /// <summary>What the services hold once everything was used once.</summary>
    private static async Task<Footprint> WarmedAsync(ForegSyteClient client, Installation services)
    {
        await Task.WhenAll(Enumerable.Range(0, Batch).Select(_ => RunGoodAsync(client)));
        return Footprint.Of(services);
    }
}
