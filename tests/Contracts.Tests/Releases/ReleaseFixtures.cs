using CliWrap.Buffered;
using ForegSyte.Testing;

namespace ForegSyte.Contracts.Tests.Releases;

/// <summary>A copy of the contracts, the released contracts and the gate, which a test can change.</summary>
internal sealed class ContractsCopy : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>Copies the input of eng/breaking.sh; skips the test if buf is not installed.</summary>
    public ContractsCopy()
    {
        Shell.BufOrSkip();
        foreach (var file in Directory.GetFiles(
            Path.Combine(RepositoryFiles.Root, "protos"), "*.*", SearchOption.AllDirectories)
            .Where(file => Path.GetExtension(file) is ".proto" or ".binpb")
            .Concat(new[] { "buf.yaml", "eng/breaking.sh", "eng/breaking-inference.yaml" }
                .Select(name => Path.Combine(RepositoryFiles.Root, name))))
        {
            var copy = _folder.File(Path.GetRelativePath(RepositoryFiles.Root, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        File.CreateSymbolicLink(_folder.File("node_modules"), Path.Combine(RepositoryFiles.Root, "node_modules"));
    }

    /// <summary>Replaces a text that occurs exactly once in a file below protos/foregsyte.</summary>
    public void Replace(string file, string text, string replacement)
    {
        var path = _folder.File(Path.Combine("protos", "foregsyte", file));
        var parts = File.ReadAllText(path).Split(text);
        Assert.True(parts.Length == 2, $"{file} contains {parts.Length - 1} times instead of once: {text}");
        File.WriteAllText(path, string.Join(replacement, parts));
    }

    /// <summary>Runs eng/breaking.sh over the copy.</summary>
    public Task<BufferedCommandResult> RunGateAsync(string arguments = "") =>
        Shell.RunAsync($"eng/breaking.sh {arguments}", _folder.Path);

    /// <inheritdoc />
    public void Dispose() => _folder.Dispose();
}

/// <summary>The output of eng/contracts.sh in a temporary folder.</summary>
public sealed class GeneratedDescriptors : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private BufferedCommandResult? _run;

    /// <summary>Path of a generated file; skips the test if buf is not installed.</summary>
    public async Task<string> FileAsync(string name)
    {
        Shell.BufOrSkip();
        _run ??= await Shell.RunAsync($"NO_BUILD=1 eng/contracts.sh '{_folder.Path}'", RepositoryFiles.Root);
        Assert.True(_run.ExitCode == 0, $"eng/contracts.sh failed: {_run.StandardOutput}{_run.StandardError}");
        return _folder.File(name);
    }

    /// <inheritdoc />
    public void Dispose() => _folder.Dispose();
}
