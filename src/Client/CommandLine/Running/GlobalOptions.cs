using System.CommandLine;
using System.CommandLine.Parsing;

namespace ForegSyte.CommandLine.Running;

/// <summary>The options that every command has.</summary>
internal sealed class GlobalOptions
{
    /// <summary>Environment variable that names the server where --server does not.</summary>
    public const string ServerVariable = "FOREGSYTE_SERVER";

    private const string DefaultServer = "http://127.0.0.1:5200";

    /// <summary>The options, with defaults from the environment.</summary>
    public GlobalOptions(CommandEnvironment environment)
    {
        Server = new Option<Uri>("--server", "-s")
        {
            Description = "Address of the JobService: http:// without TLS, https:// with TLS, unix:/path for a Unix "
                + $"socket. Also {ServerVariable}.",
            HelpName = "ADDRESS",
            Recursive = true,
            DefaultValueFactory = result =>
            {
                var named = environment.EnvironmentVariable(ServerVariable);
                return ParseServer(string.IsNullOrEmpty(named) ? DefaultServer : named, result);
            },
            CustomParser = result => ParseServer(result.Tokens[0].Value, result),
        };
        Credentials = new CredentialOptions(environment);
        Timeout = new Option<TimeSpan?>("--timeout")
        {
            Description = "Longest time for the whole command, for example 90s, 15m or 2h.",
            HelpName = "TIME",
            Recursive = true,
            CustomParser = ParseTimeout,
        };
    }

    /// <summary>Where the server is.</summary>
    public Option<Uri> Server { get; }

    /// <summary>Longest time for the whole command.</summary>
    public Option<TimeSpan?> Timeout { get; }

    /// <summary>Whether to tell the whole cause of an error.</summary>
    public Option<bool> Verbose { get; } = new("--verbose", "-v")
    {
        Description = "Tell the whole cause of an error.",
        Recursive = true,
    };

    /// <summary>Who the caller is.</summary>
    public CredentialOptions Credentials { get; }

    /// <summary>Adds the options to the root.</summary>
    public void AddTo(RootCommand root)
    {
        root.Add(Server);
        root.Add(Timeout);
        root.Add(Verbose);
        Credentials.AddTo(root);
    }

    private static Uri ParseServer(string text, ArgumentResult result)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var address)
            && address.Scheme is "http" or "https" or "unix")
        {
            return address;
        }

        result.AddError($"'{text}' is no address of a server. It has to look like {DefaultServer}.");
        return new Uri(DefaultServer);
    }

    private static TimeSpan? ParseTimeout(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (DurationText.TryParse(text, out var time) && time > TimeSpan.Zero)
        {
            return time;
        }

        result.AddError($"'{text}' is no time. Give a number with s, m or h, for example 90s, 15m or 2h.");
        return null;
    }
}
