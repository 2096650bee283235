using ForegSyte.Exports.Tables;
using Parquet;
using Parquet.Schema;

namespace ForegSyte.Exports.Formats;

/// <summary>Apache Parquet, compressed with Snappy. The metadata of the file has the job_id.</summary>
internal sealed class ParquetFormat(BufferedOutput output, string jobId) : ITableFormat
{
    /// <summary>Maximum number of rows in a row group, the part of a table that is in memory.</summary>
    public const int MaxRowGroupRows = 50_000;

    /// <summary>Maximum length of the texts in a row group, in UTF-16 units, unless one row has more.</summary>
    public const int MaxRowGroupText = 4 << 20;

    /// <inheritdoc />
    public async Task WriteAsync<TRow>(
        IReadOnlyList<Column<TRow>> columns, IAsyncEnumerable<TRow> rows, CancellationToken cancellationToken)
    {
        ParquetColumn<TRow>[] group = [.. columns.Select(column => column.ToParquet())];
        var schema = new ParquetSchema(group.Select(column => (Field)column.Field));
        await using (var parquet = await ParquetWriter.CreateAsync(
            schema, output, cancellationToken: cancellationToken))
        {
            parquet.CustomMetadata = new Dictionary<string, string> { ["job_id"] = jobId };
            var (count, text) = (0, 0);
            await foreach (var row in rows.WithCancellation(cancellationToken))
            {
                count++;
                foreach (var column in group)
                {
                    text += column.Add(row);
                }

                if (count >= MaxRowGroupRows || text >= MaxRowGroupText)
                {
                    await WriteGroupAsync(parquet, group, cancellationToken);
                    (count, text) = (0, 0);
                }
            }

            if (count > 0)
            {
                await WriteGroupAsync(parquet, group, cancellationToken);
            }
        }
    }

    private async Task WriteGroupAsync<TRow>(
        ParquetWriter parquet, ParquetColumn<TRow>[] columns, CancellationToken cancellationToken)
    {
        using (var rowGroup = parquet.CreateRowGroup())
        {
            foreach (var column in columns)
            {
                await column.WriteAsync(rowGroup, cancellationToken);
                await output.DrainAsync(cancellationToken);
            }

            rowGroup.CompleteValidate();
        }

        await output.DrainAsync(cancellationToken);
    }
}
