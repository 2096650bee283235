using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace ForegSyte.Hosting.Configuration;

/// <summary>
/// The range of a time option. RangeAttribute converts its limits on first use and is not thread-safe there: two hosts
/// that start in one process, as in tests, can fail.
/// </summary>
/// <param name="minimum">Minimum, for example "00:00:01".</param>
/// <param name="maximum">Maximum, for example "1.00:00:00".</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class TimeRangeAttribute(string minimum, string maximum) : ValidationAttribute
{
    /// <summary>Minimum.</summary>
    public TimeSpan Minimum { get; } = TimeSpan.ParseExact(minimum, "c", CultureInfo.InvariantCulture);

    /// <summary>Maximum.</summary>
    public TimeSpan Maximum { get; } = TimeSpan.ParseExact(maximum, "c", CultureInfo.InvariantCulture);

    /// <inheritdoc />
    public override bool IsValid(object? value) =>
        value is null || (value is TimeSpan time && time >= Minimum && time <= Maximum);

    /// <inheritdoc />
    public override string FormatErrorMessage(string name) =>
        string.Create(CultureInfo.InvariantCulture, $"{name} must be {Minimum:c} to {Maximum:c}.");
}

/// <summary>Marks an option whose value must never be shown, printed or logged.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SecretAttribute : Attribute;
