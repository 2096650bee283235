using ForegSyte.Exports.Tables;

namespace ForegSyte.Exports.Formats;

/// <summary>A file format for tables.</summary>
internal interface ITableFormat
{
    /// <summary>Writes the whole file.</summary>
    Task WriteAsync<TRow>(
        IReadOnlyList<Column<TRow>> columns, IAsyncEnumerable<TRow> rows, CancellationToken cancellationToken);
}
