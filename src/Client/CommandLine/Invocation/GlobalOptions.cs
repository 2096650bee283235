using System.CommandLine;
using System.CommandLine.Parsing;
using ForegSyte.Client;
using ForegSyte.CommandLine.Output;

namespace ForegSyte.CommandLine.Invocation;

/// <summary>Options of every command.</summary>
internal sealed class GlobalOptions
{
    /// <summary>Environment variable with the server address, used without --server.</summary>
    public const string ServerVariable = "FOREGSYTE_SERVER";

    private const string DefaultServer = "http://127.0.0.1:5200";

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
            Description = "Time limit of the whole command, for example 90s, 15m or 2h.",
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
    }

    private static Uri ParseServer(string text, ArgumentResult result)
    {
        if (Uri.TryCreate(text, UriKind.Absolute, out var address)
            && address.Scheme is "http" or "https" or "unix")
        {
            return address;
        }

        result.AddError($"'{text}' is not a server address. Use an address such as {DefaultServer}.");
        return new Uri(DefaultServer);
    }

    private static TimeSpan? ParseTimeout(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (DurationText.TryParse(text, out var time) && time > TimeSpan.Zero)
        {
            return time;
        }

        result.AddError(
            $"'{text}' is not a valid time. Use a number greater than 0 with s, m or h, for example 90s, 15m or 2h.");
        return null;
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
