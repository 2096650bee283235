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
    public void Sidecar_NotTheKeyOfResults_IsRefused() =>
        Assert.Throws<ArgumentException>(() => ArtifactKeys.Sidecar(ArtifactKeys.Video(JobId)));
}
