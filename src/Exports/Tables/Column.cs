using System.Globalization;
using CsvHelper;
using Parquet;
using Parquet.Schema;

namespace ForegSyte.Exports.Tables;

/// <summary>A column of a table.</summary>
/// <param name="name">Name in the header.</param>
internal abstract class Column<TRow>(string name)
{
    /// <summary>Name in the header.</summary>
    public string Name => name;

    /// <summary>Writes the value of a row as a CSV field; nothing for a missing value.</summary>
    public abstract void WriteCsv(CsvWriter csv, TRow row);

    /// <summary>Creates an empty Parquet column.</summary>
    public abstract ParquetColumn<TRow> ToParquet();
}

/// <summary>The values of a column in a row group.</summary>
/// <param name="dataField">The column in the schema.</param>
internal abstract class ParquetColumn<TRow>(DataField dataField)
{
    /// <summary>The column in the schema.</summary>
    public DataField Field => dataField;

    /// <summary>Adds the value of a row.</summary>
    /// <returns>Length of its text in UTF-16 units; 0 for other values.</returns>
    public abstract int Add(TRow row);

    /// <summary>Writes the values and removes them.</summary>
    public abstract Task WriteAsync(ParquetRowGroupWriter rowGroup, CancellationToken cancellationToken);
}

/// <summary>Creates columns.</summary>
internal static class Column
{
    /// <summary>32-bit integers.</summary>
    public static Column<TRow> Int<TRow>(string name, Func<TRow, int> value) =>
        new ValueColumn<TRow, int>(name, row => value(row), isOptional: false, WriteNumber);

    /// <summary>32-bit integers, some missing.</summary>
    public static Column<TRow> OptionalInt<TRow>(string name, Func<TRow, int?> value) =>
        new ValueColumn<TRow, int>(name, value, isOptional: true, WriteNumber);

    /// <summary>Times in milliseconds, as 64-bit integers: unsigned ones surprise some readers.</summary>
    public static Column<TRow> Milliseconds<TRow>(string name, Func<TRow, uint> value) =>
        new ValueColumn<TRow, long>(name, row => value(row), isOptional: false, WriteNumber);

    /// <summary>32-bit floating point numbers; CSV has the shortest text that gives the same number.</summary>
    public static Column<TRow> Float<TRow>(string name, Func<TRow, float> value) =>
        new ValueColumn<TRow, float>(name, row => value(row), isOptional: false, WriteNumber);

    /// <summary>32-bit floating point numbers, some missing.</summary>
    public static Column<TRow> OptionalFloat<TRow>(string name, Func<TRow, float?> value) =>
        new ValueColumn<TRow, float>(name, value, isOptional: true, WriteNumber);

    /// <summary>true or false.</summary>
    public static Column<TRow> Flag<TRow>(string name, Func<TRow, bool> value) => new ValueColumn<TRow, bool>(
        name, row => value(row), isOptional: false, static (csv, flag) => csv.WriteField(flag ? "true" : "false"));

    /// <summary>Texts; CSV has them as <see cref="CsvText.Protect"/> changes them.</summary>
    public static Column<TRow> Text<TRow>(string name, Func<TRow, string> value) =>
        new TextColumn<TRow>(name, value);

    private static void WriteNumber<T>(CsvWriter csv, T value)
        where T : struct, ISpanFormattable
    {
        Span<char> text = stackalloc char[32];
        if (!value.TryFormat(text, out var length, format: default, CultureInfo.InvariantCulture))
        {
            throw new InvalidOperationException("A number has more than 32 characters.");
        }

        csv.WriteField(text[..length]);
    }

    private sealed class ValueColumn<TRow, T>(
        string name, Func<TRow, T?> value, bool isOptional, Action<CsvWriter, T> write) : Column<TRow>(name)
        where T : struct
    {
        public override void WriteCsv(CsvWriter csv, TRow row)
        {
            if (value(row) is { } present)
            {
                write(csv, present);
            }
            else
            {
                csv.WriteField("");
            }
        }

        public override ParquetColumn<TRow> ToParquet() => isOptional
            ? new OptionalValues<TRow, T>(new DataField<T>(Name, true), value)
            : new Values<TRow, T>(new DataField<T>(Name, false), row => value(row)!.Value);
    }

    private sealed class TextColumn<TRow>(string name, Func<TRow, string> value) : Column<TRow>(name)
    {
        public override void WriteCsv(CsvWriter csv, TRow row) => csv.WriteField(CsvText.Protect(value(row)));

        public override ParquetColumn<TRow> ToParquet() =>
            new Texts<TRow>(new DataField(Name, typeof(string), isNullable: false), value);
    }

    private sealed class Values<TRow, T>(DataField field, Func<TRow, T> value) : ParquetColumn<TRow>(field)
        where T : struct
    {
        private readonly List<T> _values = [];

        public override int Add(TRow row)
        {
            _values.Add(value(row));
            return 0;
        }

        public override async Task WriteAsync(ParquetRowGroupWriter rowGroup, CancellationToken cancellationToken)
        {
            await rowGroup.WriteAsync<T>(
                Field, (ReadOnlyMemory<T>)_values.ToArray(), cancellationToken: cancellationToken);
            _values.Clear();
        }
    }

    private sealed class OptionalValues<TRow, T>(DataField field, Func<TRow, T?> value) : ParquetColumn<TRow>(field)
        where T : struct
    {
        private readonly List<T?> _values = [];

        public override int Add(TRow row)
        {
            _values.Add(value(row));
            return 0;
        }

        public override async Task WriteAsync(ParquetRowGroupWriter rowGroup, CancellationToken cancellationToken)
        {
            await rowGroup.WriteAsync<T>(
                Field, (ReadOnlyMemory<T?>)_values.ToArray(), cancellationToken: cancellationToken);
            _values.Clear();
        }
    }

    private sealed class Texts<TRow>(DataField field, Func<TRow, string> value) : ParquetColumn<TRow>(field)
    {
        private readonly List<string> _values = [];

        public override int Add(TRow row)
        {
            var text = value(row);
            _values.Add(text);
            return text.Length;
        }

        public override async Task WriteAsync(ParquetRowGroupWriter rowGroup, CancellationToken cancellationToken)
        {
            await rowGroup.WriteAsync(Field, _values);
            _values.Clear();
        }
    }
}
