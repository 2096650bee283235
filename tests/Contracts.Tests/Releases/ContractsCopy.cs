using CliWrap.Buffered;
using ForegSyte.Testing;

namespace ForegSyte.Contracts.Tests.Releases;

/// <summary>The contracts with the released ones and the gate, copied, so that a test can change them.</summary>
internal sealed class ContractsCopy : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>Copies what eng/breaking.sh reads; skips, visibly, where buf is not installed.</summary>
    public ContractsCopy()
    {
        Shell.BufOrSkip();
        foreach (var file in Directory.GetFiles(
            Path.Combine(RepositoryFiles.Root, "protos"), "*.*", SearchOption.AllDirectories)
            .Where(file => Path.GetExtension(file) is ".proto" or ".binpb")
            .Concat(new[] { "buf.yaml", "eng/breaking.sh" }.Select(name => Path.Combine(RepositoryFiles.Root, name))))
        {
            var copy = _folder.File(Path.GetRelativePath(RepositoryFiles.Root, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        File.CreateSymbolicLink(_folder.File("node_modules"), Path.Combine(RepositoryFiles.Root, "node_modules"));
    }

    /// <summary>Replaces a text that a file of foregsyte/v1 has exactly once.</summary>
    public void Replace(string file, string text, string replacement)
    {
        var path = _folder.File(Path.Combine("protos", "foregsyte", "v1", file));
        var parts = File.ReadAllText(path).Split(text);
        Assert.True(parts.Length == 2, $"{file} has {parts.Length - 1} times: {text}");
        File.WriteAllText(path, string.Join(replacement, parts));
    }

    /// <summary>Runs eng/breaking.sh over the copy.</summary>
    public Task<BufferedCommandResult> RunGateAsync(string arguments = "") =>
        Shell.RunAsync($"eng/breaking.sh {arguments}", _folder.Path);

    /// <inheritdoc />
    public void Dispose() => _folder.Dispose();
}
