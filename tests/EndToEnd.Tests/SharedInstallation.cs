using ForegSyte.Testing;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>One running installation for tests that only call it.</summary>
public sealed class SharedInstallation : IAsyncLifetime
{
    /// <summary>Both services.</summary>
    public Installation Services { get; } = new();

    /// <inheritdoc />
    public async ValueTask InitializeAsync() => await Services.StartAsync();

    /// <inheritdoc />
    public ValueTask DisposeAsync() => Services.DisposeAsync();
}

/// <summary>Tests that use the shared installation, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class SharedCollection : ICollectionFixture<SharedInstallation>
{
    public const string Name = "shared installation";
}
