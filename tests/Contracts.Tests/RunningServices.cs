using ForegSyte.Contracts.Tests.Examples;
using ForegSyte.Testing;

namespace ForegSyte.Contracts.Tests;

/// <summary>
/// One running installation with HTTP that accepts the sample videos by URI, for tests that only call it.
/// </summary>
public sealed class RunningServices : IAsyncLifetime
{
    /// <summary>Both services.</summary>
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

/// <summary>Tests that use the running installation and the example programs, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class RunningServicesCollection : ICollectionFixture<RunningServices>, ICollectionFixture<ExamplePrograms>
{
    public const string Name = "running services";
}
