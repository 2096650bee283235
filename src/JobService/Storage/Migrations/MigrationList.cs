using System.Reflection;
using FluentMigrator;
using FluentMigrator.Runner.Initialization;

namespace ForegSyte.Jobs.Storage.Migrations;

/// <summary>The migrations of this version.</summary>
/// <param name="types">Types that implement <see cref="IMigration"/> and have a
/// <see cref="MigrationAttribute"/>.</param>
internal sealed class MigrationList(IReadOnlyList<Type> types) : IFilteringMigrationSource
{
    /// <summary>All migrations of this assembly.</summary>
    public static readonly MigrationList OfThisVersion = new([..
        typeof(MigrationList).Assembly.GetTypes().Where(type =>
            type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(IMigration))
            && type.GetCustomAttribute<MigrationAttribute>() is not null)]);

    /// <summary>The versions in ascending order.</summary>
    public IReadOnlyList<long> Versions { get; } =
        [.. types.Select(type => type.GetCustomAttribute<MigrationAttribute>()!.Version).Order()];

    /// <inheritdoc />
    public IEnumerable<IMigration> GetMigrations(Func<Type, bool> predicate) =>
        types.Where(predicate).Select(type => (IMigration)Activator.CreateInstance(type, nonPublic: true)!);
}
