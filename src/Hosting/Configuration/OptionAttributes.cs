using System.ComponentModel.DataAnnotations;
using System.Globalization;
using ForegSyte.Protocol.Text;

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
    public TimeSpan Minimum { get; } = Parse(minimum);

    /// <summary>Maximum.</summary>
    public TimeSpan Maximum { get; } = Parse(maximum);

    /// <inheritdoc />
    public override bool IsValid(object? value) =>
        value is null || (value is TimeSpan time && time >= Minimum && time <= Maximum);

    /// <inheritdoc />
    public override string FormatErrorMessage(string name) =>
        $"{name} must be {DurationText.Format(Minimum)} to {DurationText.Format(Maximum)}.";

    private static TimeSpan Parse(string text) => TimeSpan.Parse(text, CultureInfo.InvariantCulture);
}

/// <summary>Marks an option whose value must never be shown, printed or logged.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SecretAttribute : Attribute;
