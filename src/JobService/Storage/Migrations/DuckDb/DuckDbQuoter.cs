using System.Globalization;
using FluentMigrator;
using FluentMigrator.Runner.Generators.Generic;

namespace ForegSyte.Jobs.Storage.Migrations.DuckDb;

/// <summary>
/// Writes values as DuckDB literals. Every literal names its type: DuckDB would cast a bare string too, but a wrong one
/// would then fail far from the migration that wrote it.
/// </summary>
internal sealed class DuckDbQuoter : GenericQuoter
{
    private const string Microseconds = "yyyy-MM-dd HH:mm:ss.ffffff";

    /// <inheritdoc />
    public override string FormatBool(bool value) => value ? "true" : "false";

    /// <inheritdoc />
    public override string FormatGuid(Guid value) => $"UUID '{value:D}'";

    /// <summary>TIMESTAMP has no zone. Columns hold UTC, so a local time is an error and not a silent shift.</summary>
    public override string FormatDateTime(DateTime value) => value.Kind == DateTimeKind.Local
        ? throw new ArgumentException(
            "Timestamps are stored in UTC; give a UTC DateTime or a DateTimeOffset.", nameof(value))
        : $"TIMESTAMP '{value.ToString(Microseconds, CultureInfo.InvariantCulture)}'";

    /// <inheritdoc />
    public override string FormatDateTimeOffset(DateTimeOffset value) => FormatDateTime(value.UtcDateTime);

    /// <inheritdoc />
    public override string FromTimeSpan(TimeSpan value) =>
        FormattableString.Invariant($"INTERVAL '{value.Ticks / TimeSpan.TicksPerMicrosecond} microseconds'");

    /// <summary>The base asks for the clock of the session's zone in two cases; we only ever store UTC.</summary>
    public override string FormatSystemMethods(SystemMethods value) => value switch
    {
        SystemMethods.NewGuid or SystemMethods.NewSequentialId => "uuid()",
        SystemMethods.CurrentDateTime or SystemMethods.CurrentDateTimeOffset or SystemMethods.CurrentUTCDateTime =>
            "(now() AT TIME ZONE 'UTC')",
        SystemMethods.CurrentUser => "current_user",
        _ => throw new ArgumentOutOfRangeException(nameof(value), value, "DuckDB has no such function."),
    };

    /// <inheritdoc />
    protected override string FormatByteArray(byte[] value) => $"from_hex('{Convert.ToHexString(value)}')";
}
