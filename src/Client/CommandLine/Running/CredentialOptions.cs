using System.CommandLine;
using ForegSyte.Client;
using ForegSyte.CommandLine.Completion;

namespace ForegSyte.CommandLine.Running;

/// <summary>
/// Who the caller is. Keys and tokens come from the environment or from files and never as arguments, which everyone on
/// the machine can read.
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

    /// <summary>The options, with defaults from the environment.</summary>
    public CredentialOptions(CommandEnvironment environment)
    {
        _environment = environment;
        _apiKeyFile = FileOption(
            "--api-key-file", $"File with your API key; or the key itself in {ApiKeyVariable}.");
        _tokenFile = FileOption(
            "--token-file", $"File with a bearer token (JWT); or the token itself in {TokenVariable}.");
        _caFile = FileOption("--ca-file", "PEM file with the authorities of the server's certificate.");
        _certificateFile = FileOption("--certificate-file", "PEM file with a client certificate.");
        _keyFile = FileOption("--key-file", "PEM file with the key of the client certificate.");
        _allowUnencrypted = new Option<bool>("--allow-unencrypted")
        {
            Description = "Send the key or token also to another machine without TLS.",
            Recursive = true,
        };
    }

    /// <summary>Adds the options to the root.</summary>
    public void AddTo(RootCommand root)
    {
        foreach (var option in new[] { _apiKeyFile, _tokenFile, _caFile, _certificateFile, _keyFile })
        {
            root.Add(option);
        }

        root.Add(_allowUnencrypted);
    }

    /// <summary>The credentials that the arguments and the environment give.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public ClientCredentials Read(ParseResult arguments)
    {
        var apiKey = Secret(arguments.GetValue(_apiKeyFile), ApiKeyVariable);
        var token = Secret(arguments.GetValue(_tokenFile), TokenVariable);
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

    private string? Secret(string? file, string variable) => file is not null
        ? File.ReadAllText(file).Trim()
        : _environment.EnvironmentVariable(variable) is { Length: > 0 } value ? value.Trim() : null;

    /// <summary>An option for a path; the environment variable has its name: --ca-file is FOREGSYTE_CA_FILE.</summary>
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
        }.WantsFiles();
    }

    private string? PathOf(string? path) => string.IsNullOrEmpty(path) ? null : _environment.PathOf(path);
}
