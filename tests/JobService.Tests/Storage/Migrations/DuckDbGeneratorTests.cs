using System.Data;
using DuckDB.NET.Data;
using FluentMigrator;
using FluentMigrator.Exceptions;
using FluentMigrator.Expressions;
using FluentMigrator.Model;
using ForegSyte.Jobs.Storage;
using ForegSyte.Jobs.Storage.Migrations.DuckDb;

namespace ForegSyte.Jobs.Tests.Storage.Migrations;

public sealed class DuckDbGeneratorTests
{
    private static readonly DuckDbQuoter Quoter = new();
    private static readonly DuckDbGenerator Generator = new(new DuckDbColumn(new DuckDbTypeMap(), Quoter), Quoter);

    public static TheoryData<object, string> Literals => new()
    {
        { true, "true" },
        { "it's", "'it''s'" },
        { new Guid("11111111-2222-3333-4444-555555555555"), "UUID '11111111-2222-3333-4444-555555555555'" },
        {
            new DateTime(2026, 1, 31, 12, 0, 0, DateTimeKind.Utc).AddTicks(1234567),
            "TIMESTAMP '2026-01-31 12:00:00.123456'"
        },
        { new DateTimeOffset(2026, 1, 31, 13, 0, 0, TimeSpan.FromHours(1)), "TIMESTAMP '2026-01-31 12:00:00.000000'" },
        { TimeSpan.FromSeconds(1.5), "INTERVAL '1500000 microseconds'" },
        { new byte[] { 0xAB, 0x01 }, "from_hex('AB01')" },
        { 1.5, "1.5" },
        { SystemMethods.NewGuid, "uuid()" },
        { SystemMethods.CurrentUTCDateTime, "(now() AT TIME ZONE 'UTC')" },
        { SystemMethods.CurrentUser, "current_user" },
    };

    [Theory]
    [MemberData(nameof(Literals))]
    public void QuoteValue_EveryKind_IsTheLiteralAndDuckDbTakesIt(object value, string literal)
    {
        Assert.Equal(literal, Quoter.QuoteValue(value));
        Assert.NotNull(Scalar($"SELECT {literal}"));
    }

    [Fact]
    public void QuoteValue_LocalTime_IsRefused() => Assert.Throws<ArgumentException>(() =>
        Quoter.QuoteValue(DateTime.SpecifyKind(new DateTime(2026, 1, 1), DateTimeKind.Local)));

    [Theory]
    [InlineData(DbType.String, null, null, "VARCHAR")]
    [InlineData(DbType.AnsiString, 255, null, "VARCHAR")]
    [InlineData(DbType.Binary, 100, null, "BLOB")]
    [InlineData(DbType.Boolean, null, null, "BOOLEAN")]
    [InlineData(DbType.Byte, null, null, "UTINYINT")]
    [InlineData(DbType.Int16, null, null, "SMALLINT")]
    [InlineData(DbType.Int32, null, null, "INTEGER")]
    [InlineData(DbType.Int64, null, null, "BIGINT")]
    [InlineData(DbType.UInt64, null, null, "UBIGINT")]
    [InlineData(DbType.Single, null, null, "FLOAT")]
    [InlineData(DbType.Double, null, null, "DOUBLE")]
    [InlineData(DbType.Decimal, null, null, "DECIMAL(19, 5)")]
    [InlineData(DbType.Decimal, 38, 2, "DECIMAL(38, 2)")]
    [InlineData(DbType.Guid, null, null, "UUID")]
    [InlineData(DbType.Date, null, null, "DATE")]
    [InlineData(DbType.DateTime2, null, null, "TIMESTAMP")]
    [InlineData(DbType.DateTimeOffset, null, null, "TIMESTAMP")]
    public void GetTypeMap_EveryKind_IsTheTypeAndDuckDbTakesIt(DbType type, int? size, int? precision, string expected)
    {
        Assert.Equal(expected, new DuckDbTypeMap().GetTypeMap(type, size, precision));
        Assert.Equal(DBNull.Value, Scalar($"SELECT NULL::{expected}"));
    }

    [Fact]
    public void GetTypeMap_DecimalWiderThanDuckDbHas_IsRefused() =>
        Assert.Throws<NotSupportedException>(() => new DuckDbTypeMap().GetTypeMap(DbType.Decimal, 39, 2));

    [Fact]
    public void CreateTable_TwoKeyColumns_HasOneKey() => Assert.Equal(
        "CREATE TABLE \"t\" (\"a\" UUID NOT NULL, \"at\" TIMESTAMP NOT NULL, \"c\" VARCHAR, PRIMARY KEY (\"a\", "
        + "\"at\"))",
        Generator.Generate(new CreateTableExpression
        {
            TableName = "t",
            Columns =
            [
                Column("a", DbType.Guid, key: true),
                Column("at", DbType.DateTime2, key: true),
                Column("c", DbType.String, nullable: true),
            ],
        }).TrimEnd(';'));

    [Fact]
    public void AddColumn_NotNull_IsTwoStatements() => Assert.Equal(
        "ALTER TABLE \"t\" ADD COLUMN \"c\" INTEGER; ALTER TABLE \"t\" ALTER COLUMN \"c\" SET NOT NULL",
        Generator.Generate(new CreateColumnExpression { TableName = "t", Column = Column("c", DbType.Int32) }));

    [Fact]
    public void AlterColumn_TypeDefaultAndNull_AreStatementsOfTheirOwn()
    {
        var column = Column("c", DbType.Int64);
        column.DefaultValue = 7;

        Assert.Equal(
            "ALTER TABLE \"t\" ALTER COLUMN \"c\" TYPE BIGINT; ALTER TABLE \"t\" ALTER COLUMN \"c\" SET DEFAULT 7; "
            + "ALTER TABLE \"t\" ALTER COLUMN \"c\" SET NOT NULL",
            Generator.Generate(new AlterColumnExpression { TableName = "t", Column = column }));
    }

    [Fact]
    public void EveryStatementInTurn_RunsOnDuckDb()
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        var column = Column("c", DbType.Int64, nullable: true);
        string[] statements =
        [
            Generator.Generate(new CreateTableExpression { TableName = "t", Columns = [Column("a", DbType.Guid)] }),
            Generator.Generate(new CreateColumnExpression { TableName = "t", Column = Column("c", DbType.Int32) }),
            Generator.Generate(new AlterColumnExpression { TableName = "t", Column = column }),
            Generator.Generate(
                new AlterDefaultConstraintExpression { TableName = "t", ColumnName = "c", DefaultValue = 3 }),
            Generator.Generate(new DeleteDefaultConstraintExpression { TableName = "t", ColumnName = "c" }),
            Generator.Generate(new RenameColumnExpression { TableName = "t", OldName = "c", NewName = "d" }),
            Generator.Generate(new DeleteColumnExpression { TableName = "t", ColumnNames = ["d"] }),
            Generator.Generate(new RenameTableExpression { OldName = "t", NewName = "u" }),
            Generator.Generate(new CreateConstraintExpression(ConstraintType.PrimaryKey)
            {
                Constraint = { TableName = "u", ConstraintName = "u_key", Columns = ["a"] },
            }),
            Generator.Generate(new DeleteTableExpression { TableName = "u" }),
        ];

        Assert.All(statements, statement => connection.Execute(statement));
    }

    [Fact]
    public void Generate_WhatDuckDbCannotDo_IsRefusedByName()
    {
        var identity = Column("c", DbType.Int32);
        identity.IsIdentity = true;
        Action[] refused =
        [
            () => Generator.Generate(new CreateForeignKeyExpression()),
            () => Generator.Generate(new DeleteForeignKeyExpression()),
            () => Generator.Generate(new DeleteConstraintExpression(ConstraintType.PrimaryKey)),
            () => Generator.Generate(new CreateConstraintExpression(ConstraintType.Unique)),
            () =>
                Generator.Generate(
                    new CreateColumnExpression { TableName = "t", Column = Column("k", DbType.Guid, key: true) }),
            () => Generator.Generate(new CreateTableExpression { TableName = "t", Columns = [identity] }),
        ];

        Assert.All(refused, generate =>
            Assert.StartsWith(
                "DuckDB ", Assert.Throws<DatabaseOperationNotSupportedException>(generate).Message,
                StringComparison.Ordinal));
    }

    private static ColumnDefinition Column(string name, DbType type, bool key = false, bool nullable = false) =>
        new() { Name = name, Type = type, IsPrimaryKey = key, IsNullable = nullable };

    private static object? Scalar(string sql)
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
