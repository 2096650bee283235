using DuckDB.NET.Data;

namespace ForegSyte.Jobs.Storage.Commits;

/// <summary>Statements that are committed by themselves, with their result.</summary>
internal sealed class Statements<T>(Func<DuckDBConnection, T> statements) : PendingWrite<T>, IStatements
{
    /// <inheritdoc />
    public void Run(DuckDBConnection connection) => Outcome(statements(connection), refusal: null);
}
