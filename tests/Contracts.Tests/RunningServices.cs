using ForegSyte.Testing;

namespace ForegSyte.Contracts.Tests;

/// <summary>
/// One running installation that takes the sample videos by uri and serves HTTP too, for the tests that only use it.
/// </summary>
public sealed class RunningServices : IAsyncLifetime
{
    /// <summary>The installation, both services serving.</summary>
    public Installation Services { get; } = new(new Dictionary<string, string>
    {
        ["Submit:AllowedRoots:0"] = Path.Combine(RepositoryFiles.Data, "samples"),
        ["Listen:HttpPort"] = "0",
    });

    /// <inheritdoc />
    public async ValueTask InitializeAsync() => await Services.StartAsync();

    /// <inheritdoc />
    public ValueTask DisposeAsync() => Services.DisposeAsync();
}
