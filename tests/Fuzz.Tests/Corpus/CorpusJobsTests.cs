using ForegSyte.Client;
using ForegSyte.Fuzz.Tests.Running;
using ForegSyte.Protocol.Errors;
using ForegSyte.Testing;
using ForegSyte.V1;

namespace ForegSyte.Fuzz.Tests.Corpus;

/// <summary>Jobs over broken videos with both services as processes.</summary>
public sealed class CorpusJobsTests(OutcomeCounts outcomes)
{
    /// <summary>`make test` takes every n-th video, `make fuzz` all.</summary>
    private const int QuickStep = 7;

    /// <summary>Number of concurrent jobs.</summary>
    private const int Batch = 16;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    [TestTimeLimit(60)]
    public async Task Submit_BrokenVideos_FailAloneAndLeaveNothing()
    {
        await using var services = new Installation(
            new Dictionary<string, string> { ["Retry:FirstDelay"] = "00:00:00.0100000" });
        await services.StartAsync();
        await using var client = services.Client();
        var footprint = await WarmedAsync(client, services);
        var step = FuzzSettings.IsFull ? 1 : QuickStep;
        var videos = BrokenVideos.All().Where((_, number) => number % step == FuzzSettings.Seed % step);

        foreach (var batch in videos.Chunk(Batch))
        {
            await Task.WhenAll(batch.Select(video => RunAsync(client, video)));
        }

        await RunGoodAsync(client);
        await footprint.AssertUnchangedAsync(services);
    }

    private async Task RunAsync(ForegSyteClient client, BrokenVideo video)
    {
        Job job;
        try
        {
            job = await client.SubmitVideoAsync(video.Bytes, Options(), cancellationToken: Token);
        }
        catch (ForegSyteException refusal)
        {
            Assert.True(IsExpected(refusal.Reason), $"{video}: {refusal.Reason}: {refusal.Message}");
            outcomes.Count("corpus, jobs", $"refused {refusal.Reason.ToText()}");
            return;
        }

        job = await client.WaitForCompletionAsync(job.JobId, cancellationToken: Token);
        if (job.Status == JobStatus.Failed)
        {
            var reason = ErrorStatus.ReasonOf(job.Error);
            Assert.True(IsExpected(reason), $"{video}: {reason}: {job.ErrorMessage}");
            outcomes.Count("corpus, jobs", $"failed {reason.ToText()}");
        }
        else
        {
            Assert.Equal(JobStatus.Completed, job.Status);
            outcomes.Count("corpus, jobs", "completed");
        }

        await client.DeleteJobAsync(job.JobId, cancellationToken: Token);
    }

    /// <summary>Whether the reason is a defect of the video or a limit.</summary>
    private static bool IsExpected(ErrorReason reason) => reason is ErrorReason.EmptyVideo or ErrorReason.NotAnMp4
        or ErrorReason.TruncatedMp4 or ErrorReason.NoVideoTrack or ErrorReason.NoFrames or ErrorReason.UndecodableVideo
        or ErrorReason.VideoLimitExceeded or ErrorReason.EncryptedVideo or ErrorReason.DecoderLost
        or ErrorReason.MessageTooLarge;

    private static SubmitOptions Options() => new() { PipelineId = "detect_only", MaxFrames = 2 };

    private static async Task RunGoodAsync(ForegSyteClient client)
    {
        var job = await client.SubmitFileAsync(RepositoryFiles.Pedestrians, Options(), cancellationToken: Token);
        job = await client.WaitForCompletionAsync(job.JobId, cancellationToken: Token);
        Assert.Equal((JobStatus.Completed, 2), (job.Status, job.Summary.Frames.Analyzed));
        await client.DeleteJobAsync(job.JobId, cancellationToken: Token);
    }

    /// <summary>The footprint after a warm-up.</summary>
    private static async Task<Footprint> WarmedAsync(ForegSyteClient client, Installation services)
    {
        await Task.WhenAll(Enumerable.Range(0, Batch).Select(_ => RunGoodAsync(client)));
        return Footprint.Of(services);
    }
}
