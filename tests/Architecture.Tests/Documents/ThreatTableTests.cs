namespace ForegSyte.Architecture.Tests.Documents;

/// <summary>docs/security.md promises nothing that no test shows.</summary>
public sealed class ThreatTableTests
{
    [Fact]
    public void NamedTests_OfTheThreatTable_Exist()
    {
        Assert.True(ThreatTable.NamedTests.Count >= 70, $"{ThreatTable.NamedTests.Count} tests are named.");
        Assert.Empty(ThreatTable.Unknown(ThreatTable.NamedTests));
    }

    [Theory]
    [InlineData("ThreatTableTests", "Nothing_OfThisName_Exists")]
    [InlineData("NoSuchTests", "NamedTests_OfTheThreatTable_Exist")]
    [InlineData("ThreatTable", "Unknown")]
    public void Unknown_NoSuchTest_IsFound(string className, string method) =>
        Assert.Equal([$"{className}.{method}"], ThreatTable.Unknown([(className, method)]));
}
