using ForegSyte.Contracts.Tests.Examples;

namespace ForegSyte.Contracts.Tests;

/// <summary>Tests that use the one running installation and the examples' programs, one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class RunningServicesCollection : ICollectionFixture<RunningServices>, ICollectionFixture<ExamplePrograms>
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "running services";
}
