namespace ForegSyte.Architecture.Tests;

public sealed class SmokeTests
{
    [Fact]
    public void Xunit_Runs() => Assert.Equal(2, 1 + 1);
}
