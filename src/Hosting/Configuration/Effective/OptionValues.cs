using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace ForegSyte.Hosting.Configuration.Effective;

/// <summary>Takes options apart into names and values, as they would be written in a configuration. Pure.</summary>
internal static partial class OptionValues
{
    /// <summary>What stands in the place of a secret.</summary>
    public const string Mask = "********";

    /// <summary>The names below a section and their values; an empty list is one name with an empty value.</summary>
    public static IEnumerable<(string Name, string Value)> Of(string name, object? value) => value switch
    {
        null => [(name, "")],
        string or ValueType or Uri => [(name, TextOf(value))],
        IEnumerable items => OfItems(name, [.. items.Cast<object?>()]),
        _ => value.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(IsOption)
            .OrderBy(property => property.Name, StringComparer.Ordinal)
            .SelectMany(property => OfProperty($"{name}:{property.Name}", property, property.GetValue(value))),
    };

    /// <summary>Whether a configuration can set a property.</summary>
    private static bool IsOption(PropertyInfo property) =>
        property.GetIndexParameters().Length == 0
        && (property.SetMethod?.IsPublic == true
            || (property.PropertyType != typeof(string) && property.PropertyType.IsAssignableTo(typeof(IEnumerable))));

    private static IEnumerable<(string Name, string Value)> OfProperty(
        string name, PropertyInfo property, object? value) =>
        property.GetCustomAttribute<SecretAttribute>() is null
            ? Of(name, value)
            : [(name, value is null or "" ? "" : Mask)];

    private static IEnumerable<(string Name, string Value)> OfItems(string name, IReadOnlyList<object?> items) =>
        items.Count == 0
            ? [(name, "")]
            : items.SelectMany((item, index) => Of(
                string.Create(CultureInfo.InvariantCulture, $"{name}:{index}"), item));

    private static string TextOf(object value) => value switch
    {
        TimeSpan time => time.ToString("c", CultureInfo.InvariantCulture),
        DateTimeOffset instant => instant.ToString("O", CultureInfo.InvariantCulture),
        bool flag => flag ? "true" : "false",
        _ => UserInformation().Replace(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "", $"//{Mask}@"),
    };

    /// <summary>"user:password" of an address.</summary>
    [GeneratedRegex(@"//[^/@\s]+@")]
    private static partial Regex UserInformation();
}
