using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Security.Cryptography;
using ForegSyte.Hosting.Security.ApiKeys;

namespace ForegSyte.Jobs.Admin;

/// <summary>The commands for API keys. They read and write no data, so the service can run.</summary>
internal static class KeyCommands
{
    private const string DefaultTenant = "default";
    private const string DefaultPermissions = "submit,read,admin";

    /// <summary>Length of a default id without its suffix; together they fit into the limit of 40 characters.</summary>
    private const int MaxIdStem = 35;

    /// <summary>Bytes of the suffix that keeps default ids unique.</summary>
    private const int IdSuffixBytes = 2;

    /// <summary>Creates the command "keys".</summary>
    public static Command Create(TextWriter output) =>
        new("keys", "Manage API keys.") { New(output) };

    /// <summary>The default id of a key: lower-case letters, digits and hyphens.</summary>
    internal static string DefaultId(string user, string host)
    {
        var letters = $"{user}-{host}".ToLowerInvariant().Select(x => char.IsAsciiLetterOrDigit(x) ? x : ' ');
        var stem = string.Join('-', string.Concat(letters).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        stem = stem.Length == 0 ? "default" : stem[..Math.Min(stem.Length, MaxIdStem)].TrimEnd('-');
        return $"{stem}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdSuffixBytes))}";
    }

    private static Command New(TextWriter output)
    {
        var tenant = new Option<string>("--tenant")
        {
            Description = "Tenant that owns the holder's jobs and uploads.",
            DefaultValueFactory = _ => DefaultTenant,
        };
        var permissions = new Option<string>("--permissions")
        {
            Description = "Comma-separated list of submit, read and admin.",
            DefaultValueFactory = _ => DefaultPermissions,
        };
        var id = new Option<string?>("--id")
        {
            Description = "Name of the key in the audit log. Default: made from the user's and the host's name.",
        };
        var expires = new Option<DateTimeOffset?>("--expires")
        {
            Description = "When the key expires, for example 2027-01-31 or 2027-01-31T12:00:00Z. Default: never.",
            CustomParser = ParseTime,
        };
        var command = new Command("new", "Create a key. It is printed once and not stored; its entry has only a hash.")
        {
            tenant, permissions, id, expires,
        };
        command.SetAction(arguments =>
        {
            Create(
                arguments.GetValue(id) ?? DefaultId(Environment.UserName, Environment.MachineName),
                arguments.GetValue(tenant)!, arguments.GetValue(permissions)!, arguments.GetValue(expires), output);
            return 0;
        });
        return command;
    }

    private static void Create(
        string id, string tenant, string permissions, DateTimeOffset? expires, TextWriter output)
    {
        var names = permissions.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var key = NewApiKey.Make(id, tenant, names, expires);
        output.WriteLine(
            $"Key {id} for tenant {tenant}, permissions {string.Join(", ", names)}, expires "
            + (expires?.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "never")
            + " (see keys new --help to choose others).");
        output.WriteLine();
        output.WriteLine(
            "The key is not shown again. Give it to its holder, who sets FOREGSYTE_API_KEY or sends it in the header "
            + "x-api-key:");
        output.WriteLine(key.Key.Reveal());
        output.WriteLine();
        output.WriteLine(
            "Add this entry to the list \"keys\" in the file that Security:ApiKeysFile names; a new file is "
            + "{\"keys\": [ENTRY]}. A running service notices the change:");
        output.WriteLine(key.Entry);
    }

    private static DateTimeOffset? ParseTime(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var time))
        {
            return time;
        }

        result.AddError($"'{text}' is not a time. Use a form like 2027-01-31 or 2027-01-31T12:00:00Z.");
        return null;
    }
}
