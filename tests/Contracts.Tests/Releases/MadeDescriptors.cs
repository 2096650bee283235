using CliWrap.Buffered;
using ForegSyte.Testing;

namespace ForegSyte.Contracts.Tests.Releases;

/// <summary>What eng/contracts.sh makes, in a folder of the tests.</summary>
public sealed class MadeDescriptors : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private BufferedCommandResult? _made;

    /// <summary>Path of a file that it makes; a visible skip where buf is not installed.</summary>
    public async Task<string> FileAsync(string name)
    {
        Shell.BufOrSkip();
        _made ??= await Shell.RunAsync($"NO_BUILD=1 eng/contracts.sh '{_folder.Path}'", RepositoryFiles.Root);
        Assert.True(_made.ExitCode == 0, _made.StandardOutput + _made.StandardError);
        return _folder.File(name);
    }

    /// <inheritdoc />
    public void Dispose() => _folder.Dispose();
}
