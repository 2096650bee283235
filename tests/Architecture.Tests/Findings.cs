namespace ForegSyte.Architecture.Tests;

/// <summary>Asserts on the findings of a check.</summary>
internal static class Findings
{
    /// <summary>Fails with one line per finding.</summary>
    public static void AssertNone(IEnumerable<string> findings)
    {
        var lines = findings.ToList();
        Assert.True(lines.Count == 0, string.Join('\n', lines));
    }
}
