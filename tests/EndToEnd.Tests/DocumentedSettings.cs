using System.Text.RegularExpressions;
using ForegSyte.Testing;

namespace ForegSyte.EndToEnd.Tests;

/// <summary>The tables of settings in docs/operations.md.</summary>
internal static class DocumentedSettings
{
    /// <summary>What is told in the text, in docs/faults.md, or by .NET.</summary>
    private static readonly string[] Elsewhere = ["ConfigurationFile", "DataDirectory", "Faults:", "Logging:"];

    /// <summary>The setting whose row tells of this one: of an item of a list it is the list.</summary>
    public static string RowOf(string setting) => Regex.Replace(setting, ":[0-9]+$", "");

    /// <summary>Whether a setting has its row in a table.</summary>
    public static bool StandsInTheTable(string setting) =>
        !Elsewhere.Any(name => setting.StartsWith(name, StringComparison.Ordinal));

    /// <summary>The settings of a service, those of both services among them.</summary>
    public static IEnumerable<string> Of(string service)
    {
        string[] tables = ["Both services", service];
        var heading = "";
        foreach (var line in File.ReadLines(Path.Combine(RepositoryFiles.Root, "docs", "operations.md")))
        {
            if (line.StartsWith('#'))
            {
                heading = line.TrimStart('#').Trim();
            }
            else if (tables.Contains(heading) && line.StartsWith("| ", StringComparison.Ordinal))
            {
                foreach (var setting in NamesOf(line.Split('|')[1].Trim()))
                {
                    yield return setting;
                }
            }
        }
    }

    /// <summary>
    /// "Listen:Tls:CertificateFile, KeyFile" are two settings of one section; OpenTelemetry's variables have none.
    /// </summary>
    private static IEnumerable<string> NamesOf(string cell)
    {
        var names = cell.Split(", ");
        var section = names[0][..(names[0].LastIndexOf(':') + 1)];
        return section.Length == 0 ? [] : names.Select(name => section + name[(name.LastIndexOf(':') + 1)..]);
    }
}
