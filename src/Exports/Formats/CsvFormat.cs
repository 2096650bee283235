using System.Globalization;
using CsvHelper;
using ForegSyte.Exports.Tables;

namespace ForegSyte.Exports.Formats;

/// <summary>Comma-separated values (RFC 4180): UTF-8 without byte order mark, a header, lines end with CRLF.</summary>
internal sealed class CsvFormat(BufferedOutput output) : ITableFormat
{
    private static readonly CsvWriterOptions Options = CsvWriterOptions.Default with
    {
        NewLine = "\r\n",
        FormatProvider = CultureInfo.InvariantCulture,
    };

    /// <inheritdoc />
    public async Task WriteAsync<TRow>(
        IReadOnlyList<Column<TRow>> columns, IAsyncEnumerable<TRow> rows, CancellationToken cancellationToken)
    {
        await using var csv = CsvWriter.Create(output, Options, leaveOpen: true);
        foreach (var column in columns)
        {
            csv.WriteField(column.Name);
        }

        await csv.EndRecordAsync(cancellationToken);
        await foreach (var row in rows.WithCancellation(cancellationToken))
        {
            foreach (var column in columns)
            {
                column.WriteCsv(csv, row);
            }

            await csv.EndRecordAsync(cancellationToken);
            await output.DrainAsync(cancellationToken);
        }

        await csv.FlushAsync(cancellationToken);
    }
}
