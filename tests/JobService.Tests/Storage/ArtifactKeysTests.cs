using ForegSyte.Jobs.Storage;

namespace ForegSyte.Jobs.Tests.Storage;

public sealed class ArtifactKeysTests
{
    private static readonly Guid JobId = Guid.NewGuid();
    private static readonly Guid Token = Guid.NewGuid();

    public static TheoryData<string, bool> Keys => new()
    {
        { ArtifactKeys.Video(JobId), false },
        { ArtifactKeys.Results(JobId), false },
        { ArtifactKeys.Results(JobId, Token), false },
        { ArtifactKeys.ResultsIndex(ArtifactKeys.Results(JobId)), false },
        { ArtifactKeys.ResultsIndex(ArtifactKeys.Results(JobId, Token)), false },
        { ArtifactKeys.Tracks(ArtifactKeys.Results(JobId)), false },
        { ArtifactKeys.Tracks(ArtifactKeys.Results(JobId, Token)), false },
        { ArtifactKeys.TracksIndex(ArtifactKeys.Results(JobId)), false },
        { ArtifactKeys.TracksIndex(ArtifactKeys.Results(JobId, Token)), false },
        { ArtifactKeys.Sidecar(ArtifactKeys.Results(JobId)), false },
        { ArtifactKeys.Sidecar(ArtifactKeys.Results(JobId, Token)), false },
        { ArtifactKeys.Plan(JobId), true },
        { ArtifactKeys.Segment(JobId, 0, int.MaxValue), true },
        { ArtifactKeys.Segment(JobId, 0, int.MaxValue, Token), true },
    };

    [Theory]
    [MemberData(nameof(Keys), DisableDiscoveryEnumeration = true)]
    public void JobOf_EachKey_IsTheJob(string key, bool isInterim)
    {
        Assert.True(StorageKey.IsValid(key), $"{key} is not a key.");
        Assert.Equal(JobId, ArtifactKeys.JobOf(key));
        Assert.Equal(isInterim, ArtifactKeys.IsInterim(key));
        Assert.Equal(key.EndsWith("_job.json", StringComparison.Ordinal), ArtifactKeys.IsSidecar(key));
        Assert.Equal(!isInterim && key != ArtifactKeys.Video(JobId), ArtifactKeys.IsOfResults(key));
        Assert.Null(ArtifactKeys.JobOf(key + "x"));
        Assert.Null(ArtifactKeys.JobOf("x" + key));
        Assert.Null(ArtifactKeys.JobOf(key.Replace('_', '-') + ".mp4"));
    }

    [Fact]
    public void EachArtifact_OfAJob_HasItsName()
    {
        var (job, token) = (Guid.Parse("11111111-2222-4333-8444-555555555555"), new Guid(1, 2, 3, new byte[8]));
        var results = ArtifactKeys.Results(job, token);

        Assert.Equal($"{job}.mp4", ArtifactKeys.Video(job));
        Assert.Equal($"{job}_segment_plan.bin", ArtifactKeys.Plan(job));
        Assert.Equal($"{job}_results.json", ArtifactKeys.Results(job));
        Assert.Equal($"{job}_00000001000200030000000000000000_results.json", results);
        Assert.Equal($"{job}_segment_0000000010_0000000250.binpb", ArtifactKeys.Segment(job, 10, 250));
        Assert.Equal(
            $"{job}_00000001000200030000000000000000_segment_0000000010_0000000250.binpb",
            ArtifactKeys.Segment(job, 10, 250, token));
        Assert.Equal(
            [
                $"{job}_results.json", $"{job}_results_index.bin", $"{job}_tracks.json", $"{job}_tracks_index.bin",
                $"{job}_job.json",
            ],
            ArtifactKeys.OfResults($"{job}_results.json"));
        Assert.Equal($"{job}_00000001000200030000000000000000_job.json", ArtifactKeys.Sidecar(results));
    }

    [Fact]
    public void UsedResults_OfAJob_AreThePublishedOnesAndThoseOfItsAttempt()
    {
        var published = ArtifactKeys.Results(JobId, Guid.NewGuid());
        var job = TestJobs.Pending(JobId);
        var running = job with { Lease = new Lease(Token, TestJobs.Noon) };

        Assert.Empty(ArtifactKeys.UsedResults(job));
        Assert.Equal(
            ArtifactKeys.OfResults(published).Order(),
            ArtifactKeys.UsedResults(job with { OutputPath = published }).Order());
        Assert.Equal(
            ArtifactKeys.OfResults(ArtifactKeys.Results(JobId, Token)).Order(),
            ArtifactKeys.UsedResults(running).Order());
        Assert.Equal(10, ArtifactKeys.UsedResults(running with { OutputPath = published }).Count);
    }

    [Fact]
    public void SharedVideo_EqualVideosOfTwoTenants_AreDifferent()
    {
        Assert.Null(ArtifactKeys.SharedVideo("acme", null));
        Assert.Null(ArtifactKeys.SharedVideo("", null));
        Assert.Equal("ab", ArtifactKeys.SharedVideo("", "ab"));

        // echo -n acme/ab | sha256sum
        Assert.Equal(
            "000870f63dfb34ce1c8df7ba17ced1056f97a5a8f276d24207ff167463a82c83", ArtifactKeys.SharedVideo("acme", "ab"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("11111111-2222-4333-8444-555555555555")]
    [InlineData("11111111-2222-4333-8444-55555555555g.mp4")]
    [InlineData("11111111-2222-4333-8444-555555555555_job.json.bak")]
    [InlineData("notes_job.json")]
    [InlineData("notes_results.json")]
    [InlineData("notes_segment_plan.bin")]
    public void JobOf_NoArtifact_IsNull(string key)
    {
        Assert.Null(ArtifactKeys.JobOf(key));
        Assert.False(ArtifactKeys.IsSidecar(key), $"{key} is the manifest of a job.");
        Assert.False(ArtifactKeys.IsInterim(key), $"{key} is interim.");
        Assert.False(ArtifactKeys.IsOfResults(key), $"{key} belongs to results.");
    }

    [Fact]
    public void Sidecar_NotTheKeyOfResults_IsRefused() =>
        Assert.StartsWith(
            $"{JobId}.mp4 is not the key of a results document.",
            Assert.Throws<ArgumentException>(() => ArtifactKeys.Sidecar(ArtifactKeys.Video(JobId))).Message,
            StringComparison.Ordinal);
}
