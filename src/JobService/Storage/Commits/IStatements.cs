using DuckDB.NET.Data;

namespace ForegSyte.Jobs.Storage.Commits;

/// <summary>Statements that are committed by themselves.</summary>
internal interface IStatements : IPendingWrite
{
    /// <summary>Runs the statements, in a transaction of the caller's.</summary>
    void Run(DuckDBConnection connection);
}
