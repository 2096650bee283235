using ForegSyte.Testing;

namespace ForegSyte.Packages.Tests;

/// <summary>Tests that use the packages and a running installation, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class PackedCollection : ICollectionFixture<Packed>, ICollectionFixture<PackedCollection.RunningServices>
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "packages";

    /// <summary>Both services as processes.</summary>
    public sealed class RunningServices : IAsyncLifetime
    {
        /// <summary>The installation, both services serving.</summary>
        public Installation Services { get; } = new();

        /// <inheritdoc />
        public async ValueTask InitializeAsync() => await Services.StartAsync();

        /// <inheritdoc />
        public ValueTask DisposeAsync() => Services.DisposeAsync();
    }
}
