namespace ForegSyte.Architecture.Tests;

/// <summary>What a check found, shown in full where there should be nothing.</summary>
internal static class Findings
{
    /// <summary>Fails with every finding on a line of its own.</summary>
    public static void AssertNone(IEnumerable<string> findings)
    {
        var lines = findings.ToList();
        Assert.True(lines.Count == 0, string.Join('\n', lines));
    }
}
