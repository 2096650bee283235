using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using ForegSyte.Client;

namespace ForegSyte.CommandLine.Invocation;

/// <summary>Options of every command.</summary>
internal sealed class GlobalOptions
{
    /// <summary>Environment variable with the server address, used without --server.</summary>
    public const string ServerVariable = "FOREGSYTE_SERVER";

    private const string DefaultServer = "http://127.0.0.1:5200";
    private const int DefaultPort = 5200;

    public GlobalOptions(CommandEnvironment environment)
    {
        Server = new Option<Uri>("--server", "-s")
        {
            Description = "Address of the JobService's port for gRPC: HOST:PORT or http:// without TLS, https:// with "
                + $"TLS, unix:/path for a Unix socket. Also {ServerVariable}. Default: {DefaultServer}.",
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
            Description = "Time limit of the whole command, for example 90s, 15m or 1h 30m.",
            HelpName = "TIME",
            Recursive = true,
            CustomParser = ParseTimeout,
        };
    }

    public Option<Uri> Server { get; }

    public Option<TimeSpan?> Timeout { get; }

    public Option<bool> Verbose { get; } = new("--verbose", "-v")
    {
        Description = "Print the whole cause of an error.",
        Recursive = true,
    };

    public CredentialOptions Credentials { get; }

    public void AddTo(RootCommand root)
    {
        root.Add(Server);
        root.Add(Timeout);
        root.Add(Verbose);
        Credentials.AddTo(root);
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new CommandHelp((HelpAction)help.Action!, root);
    }

    private static Uri ParseServer(string text, ArgumentResult result)
    {
        // "localhost:5200" is a URI with the scheme localhost.
        var named = text.Contains("://", StringComparison.Ordinal)
            || text.StartsWith("unix:", StringComparison.OrdinalIgnoreCase)
                ? text
                : text.StartsWith('/') ? $"unix:{text}" : $"http://{text}";
        if (Uri.TryCreate(named, UriKind.Absolute, out var address)
            && (address.Scheme is "unix" || (address is { Scheme: "http" or "https", PathAndQuery: "/" }
                && address.Host.Length > 0)))
        {
            // Port 80 of a name without a port is no server of ours.
            var hasPort = !address.IsDefaultPort || address.Scheme is not "http" || named != $"http://{text}"
                || text.EndsWith(":80", StringComparison.Ordinal);
            return hasPort ? address : new UriBuilder(address) { Port = DefaultPort }.Uri;
        }

        result.AddError(
            $"'{text}' is not a server address. Use an address such as {DefaultServer} or localhost:5200.");
        return new Uri(DefaultServer);
    }

    private static TimeSpan? ParseTimeout(ArgumentResult result)
    {
        if (OptionValues.Duration(result) is not { } time)
        {
            return null;
        }

        if (time == TimeSpan.Zero)
        {
            result.AddError("--timeout must be more than 0s.");
        }

        return time;
    }
}

/// <summary>Help of a command without the options of every command, which the help of the program shows.</summary>
internal sealed class CommandHelp(HelpAction inner, RootCommand root) : SynchronousCommandLineAction
{
    /// <inheritdoc />
    public override int Invoke(ParseResult parseResult)
    {
        if (parseResult.CommandResult.Command is RootCommand)
        {
            return inner.Invoke(parseResult);
        }

        var shared = root.Options.Where(option => option.Recursive && option is not HelpOption).ToList();
        shared.ForEach(option => option.Hidden = true);
        var code = inner.Invoke(parseResult);
        shared.ForEach(option => option.Hidden = false);
        parseResult.InvocationConfiguration.Output.WriteLine(
            "Options of every command, such as --server and --timeout: foregsyte --help");
        return code;
    }
}

/// <summary>
/// Options for credentials. Keys and tokens come from environment variables or files, never from arguments, which every
/// user of the machine can read.
/// </summary>
internal sealed class CredentialOptions
{
    /// <summary>Environment variable with an API key.</summary>
    public const string ApiKeyVariable = "FOREGSYTE_API_KEY";

    /// <summary>Environment variable with a bearer token.</summary>
    public const string TokenVariable = "FOREGSYTE_TOKEN";

    private readonly CommandEnvironment _environment;
    private readonly Option<string?> _apiKeyFile;
    private readonly Option<string?> _tokenFile;
    private readonly Option<string?> _caFile;
    private readonly Option<string?> _certificateFile;
    private readonly Option<string?> _keyFile;
    private readonly Option<bool> _allowUnencrypted;

    public CredentialOptions(CommandEnvironment environment)
    {
        _environment = environment;
        _apiKeyFile = FileOption("--api-key-file", $"File with your API key, or set the key in {ApiKeyVariable}.");
        _tokenFile = FileOption(
            "--token-file", $"File with a bearer token (JWT), or set the token in {TokenVariable}.");
        _caFile = FileOption("--ca-file", "PEM file with the certificate authorities to trust.");
        _certificateFile = FileOption("--certificate-file", "PEM file with a client certificate.");
        _keyFile = FileOption("--key-file", "PEM file with the private key of the client certificate.");
        _allowUnencrypted = new Option<bool>("--allow-unencrypted")
        {
            Description = "Allow sending the key or token to another machine without TLS.",
            Recursive = true,
        };
    }

    public void AddTo(RootCommand root)
    {
        foreach (var option in new[] { _apiKeyFile, _tokenFile, _caFile, _certificateFile, _keyFile })
        {
            root.Add(option);
        }

        root.Add(_allowUnencrypted);
    }

    /// <summary>Reads the credentials from the arguments and the environment.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public ClientCredentials Read(ParseResult arguments)
    {
        var apiKey = ReadSecret(arguments.GetValue(_apiKeyFile), ApiKeyVariable);
        var token = ReadSecret(arguments.GetValue(_tokenFile), TokenVariable);
        return new ClientCredentials
        {
            ApiKey = apiKey,
            BearerToken = token is null ? null : _ => ValueTask.FromResult(token),
            CaFile = arguments.GetValue(_caFile),
            CertificateFile = arguments.GetValue(_certificateFile),
            KeyFile = arguments.GetValue(_keyFile),
            AllowUnencrypted = arguments.GetValue(_allowUnencrypted),
        };
    }

    private string? ReadSecret(string? file, string variable) => file is not null
        ? File.ReadAllText(file).Trim()
        : _environment.EnvironmentVariable(variable) is { Length: > 0 } value ? value.Trim() : null;

    /// <summary>
    /// Creates a file option whose default is an environment variable: --ca-file is FOREGSYTE_CA_FILE.
    /// </summary>
    private Option<string?> FileOption(string name, string description)
    {
        var variable = "FOREGSYTE_" + name.TrimStart('-').Replace('-', '_').ToUpperInvariant();
        return new Option<string?>(name)
        {
            Description = $"{description} Also {variable}.",
            HelpName = "FILE",
            Recursive = true,
            DefaultValueFactory = _ => PathOf(_environment.EnvironmentVariable(variable)),
            CustomParser = result => PathOf(result.Tokens[0].Value),
        }.CompletesFiles();
    }

    private string? PathOf(string? path) => string.IsNullOrEmpty(path) ? null : _environment.PathOf(path);
}
