using DuckDB.NET.Data;

namespace ForegSyte.Jobs.Storage;

/// <summary>A change that waits for the writer.</summary>
internal interface IPendingWrite
{
    /// <summary>Makes the change, unless it was cancelled, and tells its caller. Throws nothing.</summary>
    void Run(DuckDBConnection connection);
}
