using ForegSyte.Jobs.Admin;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.Jobs.Tests.Storage;
using ForegSyte.Jobs.Tests.Tracks;
using ForegSyte.Testing;
using Microsoft.Extensions.Time.Testing;

namespace ForegSyte.Jobs.Tests.Admin;

/// <summary>The commands for a stopped service, on a job with tracks.</summary>
public sealed class TracksAdminTests : IDisposable
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero));
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Database => _folder.File(DatabaseOptions.DefaultFileName);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Rebuild_LostDatabase_HasTheTracksAndTheirSize()
    {
        var job = await MakeJobAsync();
        File.Delete(Database);
        File.Delete(Database + ".wal");

        Assert.Equal(0, (await RunAsync("rebuild")).Code);

        Assert.Equal(0, (await RunAsync("verify")).Code);
        await using var rebuilt = new DatabaseFixture(Database);
        var found = (await rebuilt.Store.FindAsync(job.JobId, Cancellation))!;
        Assert.Equal((true, job.ResultBytes), (found.HasTracks, found.ResultBytes));
        Assert.Equal(job.Summary, found.Summary);
    }

    [Fact]
    public async Task Verify_TracksThatDisagreeOrAreLost_AreProblems()
    {
        var job = await MakeJobAsync();
        Assert.Equal(0, (await RunAsync("verify")).Code);
        var path = _folder.File("video_jobs", ArtifactKeys.Tracks(ArtifactKeys.Results(job.JobId)));
        await File.WriteAllTextAsync(
            path, "{\"object_tracks\":[\n],\"text_tracks\":[\n],\"shots\":[\n{ \"number\": 1 }\n]}\n", Cancellation);

        var (otherCode, other) = await RunAsync("verify");
        File.Delete(path);
        var (lostCode, lost) = await RunAsync("verify");

        Assert.Equal((1, 1), (otherCode, lostCode));
        Assert.Contains(
            "has 2 objects, 1 texts and 2 shots, but its tracks document has 0, 0 and 1", other,
            StringComparison.Ordinal);
        Assert.Contains("tracks document is missing", lost, StringComparison.Ordinal);
    }

    private async Task<JobRecord> MakeJobAsync()
    {
        await using var engine = new JobEngine(MovingObjects.Inference(), _time, _folder);
        var jobId = await engine.AddJobAsync();
        await engine.PutVideoAsync(jobId);
        await engine.RunAsync(jobId);
        return await engine.ReadAsync(jobId);
    }

    private async Task<(int Code, string Text)> RunAsync(string command)
    {
        using var text = new StringWriter();
        var code = await AdminCommandLine.RunAsync(
            [
                command, $"--DataDirectory={_folder.Path}",
                $"--Pipelines:Directory={Path.Combine(RepositoryFiles.Data, "pipelines")}",
            ],
            text, text, _ => Task.CompletedTask, Cancellation);
        return (code, text.ToString());
    }
}
