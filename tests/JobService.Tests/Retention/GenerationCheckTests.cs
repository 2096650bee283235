using ForegSyte.Jobs.Retention;

namespace ForegSyte.Jobs.Tests.Retention;

public sealed class GenerationCheckTests
{
    private static readonly Guid Database = Guid.NewGuid();

    [Fact]
    public void MismatchOf_LaterStartOfTheSameDatabase_IsNull()
    {
        Assert.Null(GenerationCheck.MismatchOf(Generation(4), Generation(5), hasArtifacts: true));
        Assert.Null(GenerationCheck.MismatchOf(Generation(4), Generation(9), hasArtifacts: true));
    }

    [Fact]
    public void MismatchOf_EmptyStorageWithoutARecord_IsNull() =>
        Assert.Null(GenerationCheck.MismatchOf(null, Generation(1), hasArtifacts: false));

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void MismatchOf_ArtifactsWithoutARecord_IsReported(long generation) =>
        Assert.NotNull(GenerationCheck.MismatchOf(null, Generation(generation), hasArtifacts: true));

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public void MismatchOf_RecordOfALaterOrTheSameGeneration_IsReported(long recorded) =>
        Assert.NotNull(GenerationCheck.MismatchOf(Generation(recorded), Generation(5), hasArtifacts: true));

    [Fact]
    public void MismatchOf_AnotherDatabase_IsReported() =>
        Assert.NotNull(
            GenerationCheck.MismatchOf(new StoreGeneration(Guid.NewGuid(), 1), Generation(5), hasArtifacts: true));

    [Fact]
    public void MismatchOf_EarlierMismatch_IsReportedForEveryGeneration() =>
        Assert.NotNull(
            GenerationCheck.MismatchOf(GenerationCheck.Unknown, Generation(long.MaxValue), hasArtifacts: true));

    private static StoreGeneration Generation(long generation) => new(Database, generation);
}
