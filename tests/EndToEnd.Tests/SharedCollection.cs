namespace ForegSyte.EndToEnd.Tests;

/// <summary>Tests that use the one running installation, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class SharedCollection : ICollectionFixture<SharedInstallation>
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "shared installation";
}
