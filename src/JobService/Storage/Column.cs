namespace ForegSyte.Jobs.Storage;

/// <summary>A column of a table: how its value is made from a row's record.</summary>
/// <typeparam name="TRow">The record.</typeparam>
internal abstract class Column<TRow>(string name)
{
    /// <summary>Name in the table.</summary>
    public string Name { get; } = name;

    /// <summary>The value as DuckDB takes it.</summary>
    public abstract object? ValueOf(TRow row);

    /// <summary>The values of several rows, as a typed list that DuckDB takes for one parameter.</summary>
    public abstract object ListOf(IReadOnlyList<TRow> rows);
}

/// <summary>A column whose value is made from one property.</summary>
/// <param name="name">Name in the table.</param>
/// <param name="source">The property.</param>
/// <param name="stored">Its form in the database.</param>
internal sealed class Column<TRow, TSource, TStored>(
    string name, Func<TRow, TSource> source, Func<TSource, TStored> stored) : Column<TRow>(name)
{
    /// <inheritdoc />
    public override object? ValueOf(TRow row) => stored(source(row));

    /// <inheritdoc />
    public override object ListOf(IReadOnlyList<TRow> rows)
    {
        var values = new List<TStored>(rows.Count);
        foreach (var row in rows)
        {
            values.Add(stored(source(row)));
        }

        return values;
    }
}
