using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Security.Cryptography;
using ForegSyte.Hosting.Security.ApiKeys;

namespace ForegSyte.Jobs.Admin;

/// <summary>The commands about API keys. They touch no data, so that the service may run.</summary>
internal static class KeyCommands
{
    private const int IdBytes = 4;

    /// <summary>The commands.</summary>
    public static Command Create(TextWriter output) =>
        new("keys", "Make API keys.") { New(output) };

    private static Command New(TextWriter output)
    {
        var tenant = new Option<string>("--tenant")
        {
            Description = "Whom the holder's jobs and uploads are to belong to.",
            Required = true,
        };
        var permissions = new Option<string>("--permissions")
        {
            Description = "Any of submit, read and admin, with commas between them.",
            Required = true,
        };
        var id = new Option<string>("--id")
        {
            Description = "Name of the key in the audit log; without it one is made up.",
            DefaultValueFactory = _ => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes)),
        };
        var expires = new Option<DateTimeOffset?>("--expires")
        {
            Description = "When the key ends, for example 2027-01-31 or 2027-01-31T12:00:00Z; without it never.",
            CustomParser = ReadTime,
        };
        var command = new Command(
            "new", "Make a key: it is printed once and kept nowhere; the entry with its hash goes into the file.")
        {
            tenant, permissions, id, expires,
        };
        command.SetAction(arguments =>
        {
            var names = arguments.GetValue(permissions)!.Split(
                ',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            var made = NewApiKey.Make(
                arguments.GetValue(id)!, arguments.GetValue(tenant)!, names, arguments.GetValue(expires));
            output.WriteLine("The key, for its holder. It is not shown again:");
            output.WriteLine(made.Key.Reveal());
            output.WriteLine();
            output.WriteLine("Its entry, for \"keys\" in the file of Security:ApiKeysFile:");
            output.WriteLine(made.Entry);
            return 0;
        });
        return command;
    }

    private static DateTimeOffset? ReadTime(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var time))
        {
            return time;
        }

        result.AddError($"'{text}' is no time. Give one like 2027-01-31 or 2027-01-31T12:00:00Z.");
        return null;
    }
}
