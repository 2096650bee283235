using System.Reflection;
using System.Text;
using ForegSyte.Hosting.Limits;
using ForegSyte.Protocol.Errors;
using ForegSyte.V1;

namespace ForegSyte.Architecture.Tests.Documents;

/// <summary>Makes docs/limits.md from the options and constants that are marked as limits.</summary>
internal static class LimitsDocument
{
    private const string Head =
        """
        <!-- Made from the code by `make docs`; a test compares it. -->
        # Limits

        Everything that a caller, or a file, could make large has a limit. Those with a section in their name are
        options (`FOREGSYTE_Submit__MaxVideoBytes`, see [operations.md](operations.md)); one out of its range refuses
        the start. The others are constants. `GetServerInfo` of each service answers those that are in force. What a
        reason means is in [errors.md](errors.md).
        """;

    private static readonly (string Title, string Assembly)[] Parts =
    [
        ("Both services", "ForegSyte.Hosting"),
        ("JobService", "ForegSyte.JobService"),
        ("InferenceService", "ForegSyte.InferenceService"),
    ];

    /// <summary>The whole text.</summary>
    public static string Make()
    {
        var text = new StringBuilder(Head);
        foreach (var (title, assembly) in Parts)
        {
            text.Append('\n').Append("## ").Append(title).Append('\n');
            text.Append(MadeDocument.Row(
                "limit", "default", "range", "what it limits, and what happens past it", "reason"));
            text.Append(MadeDocument.Row("---", "---", "---", "---", "---"));
            var limits = LimitsOf(Assembly.Load(assembly)).OrderBy(limit => limit.Name, StringComparer.Ordinal);
            foreach (var limit in limits)
            {
                text.Append(MadeDocument.Row(
                    limit.Name,
                    $"{limit.Value} {limit.Unit}".TrimEnd(),
                    limit.Range,
                    limit.Description,
                    limit.Reason == ErrorReason.Unspecified ? "" : limit.Reason.ToText()));
            }
        }

        return text.ToString();
    }

    /// <summary>The limits of an assembly with their default values.</summary>
    public static IEnumerable<ServiceLimit> LimitsOf(Assembly assembly) => assembly.GetTypes()
        .Where(type => type.IsClass && !type.ContainsGenericParameters)
        .SelectMany(type => OptionsOf(type).Concat(LimitReader.OfConstants(type)));

    private static IEnumerable<ServiceLimit> OptionsOf(Type type) =>
        type.GetField("Section")?.GetRawConstantValue() is string section
            ? LimitReader.OfOptions(section, Activator.CreateInstance(type)!)
            : [];
}
