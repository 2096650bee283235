using ForegSyte.Testing;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>One running installation for the tests that only use it.</summary>
public sealed class SharedInstallation : IAsyncLifetime
{
    /// <summary>The installation, both services serving.</summary>
    public Installation Services { get; } = new();

    /// <inheritdoc />
    public async ValueTask InitializeAsync() => await Services.StartAsync();

    /// <inheritdoc />
    public ValueTask DisposeAsync() => Services.DisposeAsync();
}
