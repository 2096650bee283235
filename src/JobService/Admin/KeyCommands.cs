using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Security.Cryptography;
using ForegSyte.Hosting.Security.ApiKeys;
using ForegSyte.Protocol.Text;

namespace ForegSyte.Jobs.Admin;

/// <summary>The commands for API keys. They read and write no data, so the service can run.</summary>
internal static class KeyCommands
{
    private const string FileVariable = "FOREGSYTE_Security__ApiKeysFile";
    private const string DefaultTenant = "default";
    private const string DefaultPermissions = "submit,read,admin";

    /// <summary>Length of a default id without its suffix; together they fit into the limit of 40 characters.</summary>
    private const int MaxIdStem = 35;

    /// <summary>Bytes of the suffix that keeps default ids unique.</summary>
    private const int IdSuffixBytes = 2;

    /// <summary>Creates the command "keys".</summary>
    public static Command Create(TextWriter output) =>
        new("keys", "Manage API keys. A running service notices changes of its file within seconds.")
        {
            New(output), Add(output), List(output), Revoke(output),
        };

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
        var options = new NewKeyOptions();
        var command = new Command(
            "new",
            "Create a key and print its entry for a file. It is printed once and not stored; its entry has a hash.");
        options.AddTo(command);
        command.SetAction(arguments =>
        {
            var key = options.Create(arguments, output);
            output.WriteLine();
            output.WriteLine(
                "Add this entry to the list \"keys\" in the file that Security:ApiKeysFile names; a new file is "
                + "{\"keys\": [ENTRY]}. 'keys add' does it for you. A running service notices the change:");
            output.WriteLine(key.Entry);
            return 0;
        });
        return command;
    }

    private static Command Add(TextWriter output)
    {
        var (options, file) = (new NewKeyOptions(), FileOption());
        var command = new Command("add", "Create a key and add it to a file of keys.") { file };
        options.AddTo(command);
        command.SetAction(arguments =>
        {
            var path = PathOf(arguments, file);
            var key = options.Make(arguments);
            new ApiKeyFileEditor(path).Add(key);
            options.Describe(arguments, key, output);
            output.WriteLine($"Added to {path}.");
            return 0;
        });
        return command;
    }

    private static Command List(TextWriter output)
    {
        var file = FileOption();
        var command = new Command("list", "List the keys of a file: id, tenant, permissions, expiry.") { file };
        command.SetAction(arguments =>
        {
            var path = PathOf(arguments, file);
            if (!File.Exists(path))
            {
                throw new AdminException($"{path} does not exist. 'keys add' creates it.");
            }

            foreach (var key in new ApiKeyFileEditor(path).List())
            {
                var expiry = key.ExpiresAt is { } end && end <= TimeProvider.System.GetUtcNow()
                    ? $"expired {TimeText(end)}"
                    : $"expires {TimeText(key.ExpiresAt)}";
                output.WriteLine($"{key.Id}  tenant {key.Tenant}  {string.Join(",", key.Permissions)}  {expiry}");
            }

            return 0;
        });
        return command;
    }

    private static Command Revoke(TextWriter output)
    {
        var file = FileOption();
        var id = new Argument<string>("ID") { Description = "Id of the key; 'keys list' shows it." };
        var command = new Command("revoke", "Remove a key from a file. Its holder is refused then.") { id, file };
        command.SetAction(arguments =>
        {
            var path = PathOf(arguments, file);
            new ApiKeyFileEditor(path).Revoke(arguments.GetValue(id)!);
            output.WriteLine($"Key {arguments.GetValue(id)} removed from {path}.");
            return 0;
        });
        return command;
    }

    private static Option<string?> FileOption() => new("--file")
    {
        Description = $"The file of keys, which Security:ApiKeysFile names. Default: the variable {FileVariable}.",
    };

    private static string PathOf(ParseResult arguments, Option<string?> file) => Path.GetFullPath(
        arguments.GetValue(file) ?? Environment.GetEnvironmentVariable(FileVariable)
        ?? throw new AdminException("Name the file of keys with --file, the one that Security:ApiKeysFile names."));

    private static string TimeText(DateTimeOffset? time) =>
        time?.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "never";

    /// <summary>The options of a new key.</summary>
    private sealed class NewKeyOptions
    {
        private readonly Option<string> _tenant = new("--tenant")
        {
            Description = "Tenant that owns the holder's jobs and uploads.",
            DefaultValueFactory = _ => DefaultTenant,
        };

        private readonly Option<string> _permissions = new("--permissions")
        {
            Description = "Comma-separated list of submit, read and admin.",
            DefaultValueFactory = _ => DefaultPermissions,
        };

        private readonly Option<string?> _id = new("--id")
        {
            Description = "Name of the key in the audit log. Default: made from the user's and the host's name.",
        };

        private readonly Option<DateTimeOffset?> _expires = new("--expires")
        {
            Description =
                "When the key expires, for example 2027-01-31, 2027-01-31T12:00:00Z or 90d from now. Default: never.",
            CustomParser = ParseTime,
        };

        public void AddTo(Command command)
        {
            command.Add(_tenant);
            command.Add(_permissions);
            command.Add(_id);
            command.Add(_expires);
        }

        /// <summary>Makes a key.</summary>
        /// <exception cref="FormatException">An option is invalid.</exception>
        public NewApiKey Make(ParseResult arguments) => NewApiKey.Make(
            arguments.GetValue(_id) ?? DefaultId(Environment.UserName, Environment.MachineName),
            arguments.GetValue(_tenant)!,
            NamesOf(arguments),
            arguments.GetValue(_expires));

        /// <summary>Makes a key and writes what its holder needs.</summary>
        public NewApiKey Create(ParseResult arguments, TextWriter output)
        {
            var key = Make(arguments);
            Describe(arguments, key, output);
            return key;
        }

        public void Describe(ParseResult arguments, NewApiKey key, TextWriter output)
        {
            output.WriteLine(
                $"Key {key.Key.Id} for tenant {arguments.GetValue(_tenant)}, permissions "
                + $"{string.Join(", ", NamesOf(arguments))}, expires {TimeText(arguments.GetValue(_expires))}"
                + " (see keys new --help to choose others).");
            output.WriteLine();
            output.WriteLine(
                "The key is not shown again. Give it to its holder, who sets FOREGSYTE_API_KEY or sends it in the "
                + "header x-api-key:");
            output.WriteLine(key.Key.Reveal());
        }

        private string[] NamesOf(ParseResult arguments) => arguments.GetValue(_permissions)!.Split(
            ',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    private static DateTimeOffset? ParseTime(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (DurationText.TryParse(text, out var ahead) && ahead < TimeSpan.FromDays(36_500))
        {
            return TimeProvider.System.GetUtcNow() + ahead;
        }

        if (DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var time))
        {
            return time;
        }

        result.AddError($"'{text}' is not a time. Use a form like 2027-01-31, 2027-01-31T12:00:00Z or 90d.");
        return null;
    }
}
