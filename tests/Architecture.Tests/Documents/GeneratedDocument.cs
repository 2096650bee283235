using ForegSyte.Testing;

namespace ForegSyte.Architecture.Tests.Documents;

/// <summary>A document that is generated from the code: `make docs` writes it, the tests compare it.</summary>
internal static class GeneratedDocument
{
    /// <summary>Set by `make docs`.</summary>
    private const string WriteVariable = "FOREGSYTE_WRITE_DOCS";

    /// <summary>Fails if the committed document is not this text; writes it if `make docs` asks for it.</summary>
    public static void Check(string name, string text)
    {
        var path = Path.Combine(RepositoryFiles.Root, "docs", name);
        if (Environment.GetEnvironmentVariable(WriteVariable) == "1")
        {
            File.WriteAllText(path, text);
        }

        Assert.True(File.Exists(path), $"docs/{name} is missing: run `make docs`.");
        Assert.True(text == File.ReadAllText(path), $"docs/{name} is out of date: run `make docs`.");
    }

    /// <summary>A row of a table.</summary>
    public static string Row(params string[] cells) =>
        $"| {string.Join(" | ", cells.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal)))} |\n";
}
