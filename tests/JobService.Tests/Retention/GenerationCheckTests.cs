using ForegSyte.Jobs.Retention;

namespace ForegSyte.Jobs.Tests.Retention;

public sealed class GenerationCheckTests
{
    private static readonly Guid Database = Guid.NewGuid();

    [Fact]
    public void DoubtOf_TheNextStartOfTheSameDatabase_IsNone()
    {
        Assert.Null(GenerationCheck.DoubtOf(Noted(4), Noted(5), hasArtifacts: true));
        Assert.Null(GenerationCheck.DoubtOf(Noted(4), Noted(9), hasArtifacts: true));
    }

    [Fact]
    public void DoubtOf_AnEmptyStorageWithoutANote_IsNone() =>
        Assert.Null(GenerationCheck.DoubtOf(null, Noted(1), hasArtifacts: false));

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void DoubtOf_ArtifactsWithoutANote_IsThere(long generation) =>
        Assert.NotNull(GenerationCheck.DoubtOf(null, Noted(generation), hasArtifacts: true));

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public void DoubtOf_ALaterOrTheSameGeneration_IsThere(long noted) =>
        Assert.NotNull(GenerationCheck.DoubtOf(Noted(noted), Noted(5), hasArtifacts: true));

    [Fact]
    public void DoubtOf_AnotherDatabase_IsThere() =>
        Assert.NotNull(
            GenerationCheck.DoubtOf(new StoreGeneration(Guid.NewGuid(), 1), Noted(5), hasArtifacts: true));

    [Fact]
    public void DoubtOf_AStorageThatWasInDoubt_IsThereWhateverTheGeneration() =>
        Assert.NotNull(GenerationCheck.DoubtOf(GenerationCheck.Unknown, Noted(long.MaxValue), hasArtifacts: true));

    private static StoreGeneration Noted(long generation) => new(Database, generation);
}
