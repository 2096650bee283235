using FluentMigrator.Runner.VersionTableInfo;

namespace ForegSyte.Jobs.Storage.Migrations;

/// <summary>The table of applied migrations.</summary>
/// <param name="hasKey">Whether it has a primary key in place of a unique index.</param>
internal sealed class SchemaVersionTable(bool hasKey) : IVersionTableMetaData
{
    /// <summary>Name of the table.</summary>
    public const string Name = "schema_versions";

    /// <summary>Column with the version of an applied migration.</summary>
    public const string VersionColumn = "version";

    public bool OwnsSchema => false;

    public string SchemaName => "";

    public string TableName => Name;

    public string ColumnName => VersionColumn;

    public string DescriptionColumnName => "description";

    public string AppliedOnColumnName => "applied_on";

    /// <summary>Name of the primary key or index.</summary>
    public string UniqueIndexName => "schema_versions_key";

    public bool CreateWithPrimaryKey => hasKey;
}
