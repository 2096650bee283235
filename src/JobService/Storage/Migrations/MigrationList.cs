using System.Reflection;
using FluentMigrator;
using FluentMigrator.Runner.Initialization;

namespace ForegSyte.Jobs.Storage.Migrations;

/// <summary>The migrations of this version.</summary>
/// <param name="types">Types that implement <see cref="IMigration"/> and have a
/// <see cref="MigrationAttribute"/>.</param>
internal sealed class MigrationList(IReadOnlyList<Type> types) : IFilteringMigrationSource
{
    /// <summary>The migrations of a database in DuckDB.</summary>
    public static readonly MigrationList OfThisVersion = new([.. All().Where(type => !IsForPostgreSql(type))]);

    /// <summary>The migrations of a database in PostgreSQL: those of DuckDB, and its own.</summary>
    public static readonly MigrationList OfPostgreSql = new([.. All()]);

    /// <summary>The types of the migrations.</summary>
    public IReadOnlyList<Type> Types => types;

    /// <summary>The versions in ascending order.</summary>
    public IReadOnlyList<long> Versions { get; } =
        [.. types.Select(type => type.GetCustomAttribute<MigrationAttribute>()!.Version).Order()];

    /// <inheritdoc />
    public IEnumerable<IMigration> GetMigrations(Func<Type, bool> predicate) =>
        types.Where(predicate).Select(type => (IMigration)Activator.CreateInstance(type, nonPublic: true)!);

    private static IEnumerable<Type> All() => typeof(MigrationList).Assembly.GetTypes().Where(type =>
        type is { IsClass: true, IsAbstract: false } && type.IsAssignableTo(typeof(IMigration))
        && type.GetCustomAttribute<MigrationAttribute>() is not null);

    private static bool IsForPostgreSql(Type type) =>
        type.GetCustomAttribute<PostgreSqlOnlyAttribute>() is not null;
}

/// <summary>Marks a migration that only databases in PostgreSQL have.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class PostgreSqlOnlyAttribute : Attribute;
