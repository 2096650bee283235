using ForegSyte.Hosting.Configuration;
using ForegSyte.Hosting.Listening;
using Microsoft.Extensions.Options;

namespace ForegSyte.Web;

/// <summary>The web page on the port for HTTP. Section "Web".</summary>
public sealed class WebOptions
{
    public const string Section = "Web";

    /// <value>Whether Listen:HttpPort also serves the web page, at /web.</value>
    public bool Enabled { get; set; }

    /// <value>
    /// How long a signed-in browser can be idle before it must sign in again. An expired or removed key ends its
    /// sessions at once.
    /// </value>
    [TimeRange("00:01:00", "7.00:00:00")]
    public TimeSpan SessionLifetime { get; set; } = TimeSpan.FromHours(8);

    /// <value>
    /// Absolute path of the folder of the keys that encrypt the cookies of signed-in browsers. Null for the database if
    /// it is in PostgreSQL, which several JobServices share, and otherwise for web_keys in the data directory.
    /// </value>
    public string? KeysFolder { get; set; }
}

/// <summary>Checks that the page has a port and its keys a place.</summary>
internal sealed class WebOptionsCheck(IOptions<ListenerOptions> listener) : IValidateOptions<WebOptions>
{
    /// <inheritdoc />
    public ValidateOptionsResult Validate(string? name, WebOptions options)
    {
        if (options.Enabled && listener.Value.HttpPort is null)
        {
            return ValidateOptionsResult.Fail(
                "Web:Enabled needs the port for HTTP: set Listen:HttpPort, for example 5202.");
        }

        return options.KeysFolder is { } folder && !Path.IsPathFullyQualified(folder)
            ? ValidateOptionsResult.Fail("Web:KeysFolder must be an absolute path.")
            : ValidateOptionsResult.Success;
    }
}
