namespace ForegSyte.Jobs.Tests.Jobs;

public sealed class StoreGenerationTests
{
    private static readonly Guid Database = Guid.Parse("6ba7b810-9dad-41d1-80b4-00c04fd430c8");

    [Fact]
    public void ToText_Generation_IsReadBack()
    {
        var generation = new StoreGeneration(Database, 12);

        Assert.Equal("6ba7b810-9dad-41d1-80b4-00c04fd430c8 12", generation.ToText());
        Assert.Equal(generation, StoreGeneration.Parse(generation.ToText() + "\n"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("6ba7b810-9dad-41d1-80b4-00c04fd430c8")]
    [InlineData("6ba7b810-9dad-41d1-80b4-00c04fd430c8 x")]
    [InlineData("6ba7b810-9dad-41d1-80b4-00c04fd430c8 -1")]
    [InlineData("6ba7b810-9dad-41d1-80b4-00c04fd430c8 1 2")]
    [InlineData("6ba7b8109dad41d180b400c04fd430c8 1")]
    public void Parse_AnotherText_IsOfAnUnknownDatabase(string text) =>
        Assert.Equal(new StoreGeneration(Guid.Empty, 0), StoreGeneration.Parse(text));
}
