using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace ForegSyte.Hosting.Configuration;

/// <summary>
/// The range of a time option. RangeAttribute converts its limits at its first use and is not safe for two threads
/// there, so that two hosts that start in one process, as tests do, can fail in it.
/// </summary>
/// <param name="minimum">Least value, for example "00:00:01".</param>
/// <param name="maximum">Largest value, for example "1.00:00:00".</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class TimeRangeAttribute(string minimum, string maximum) : ValidationAttribute
{
    /// <summary>Least value.</summary>
    public TimeSpan Minimum { get; } = TimeSpan.ParseExact(minimum, "c", CultureInfo.InvariantCulture);

    /// <summary>Largest value.</summary>
    public TimeSpan Maximum { get; } = TimeSpan.ParseExact(maximum, "c", CultureInfo.InvariantCulture);

    /// <inheritdoc />
    public override bool IsValid(object? value) =>
        value is null || (value is TimeSpan time && time >= Minimum && time <= Maximum);

    /// <inheritdoc />
    public override string FormatErrorMessage(string name) =>
        string.Create(CultureInfo.InvariantCulture, $"{name} has to be {Minimum:c} to {Maximum:c}.");
}
