using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Configuration;

/// <summary>Refuses settings of a section that its options do not have.</summary>
/// <param name="section">Name of the section.</param>
/// <param name="subsections">Names of sections in it that have options of their own.</param>
/// <param name="configuration">All settings.</param>
internal sealed class KnownKeys<TOptions>(string section, string[] subsections, IConfiguration configuration)
    : IValidateOptions<TOptions>
    where TOptions : class
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        var known = typeof(TOptions).GetProperties().Select(property => property.Name).Concat(subsections)
            .ToList();
        var unknown = configuration.GetSection(section).GetChildren()
            .Select(child => child.Key)
            .Except(known, StringComparer.OrdinalIgnoreCase)
            .ToList();
        return unknown.Count == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"{section}:{unknown[0]} is no setting. "
                + $"{section} has: {string.Join(", ", known.Order(StringComparer.Ordinal))}.");
    }
}
