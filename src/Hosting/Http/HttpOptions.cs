using System.ComponentModel.DataAnnotations;
using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Hosting.Http;

/// <summary>HTTP with JSON beside gRPC; Listen:HttpPort opens it. Section "Http".</summary>
public sealed class HttpOptions
{
    /// <summary>Name of the section.</summary>
    public const string Section = "Http";

    /// <value>
    /// Origins whose pages may call from a browser (CORS), for example "https://console.example.org". None by default:
    /// pages of every other origin than the service's own are refused.
    /// </value>
    public IList<string> AllowedOrigins { get; } = [];

    /// <value>
    /// Bytes of a JSON body, which is held in memory until it is there. Bytes of videos do not go this way, but as a
    /// body of their own, up to the limit of their method.
    /// </value>
    [Range(1_024, 4 * 1024 * 1024)]
    [Limit(
        "bytes", "JSON body of a request over HTTP; a larger one is refused. Bytes of videos are bodies of their own.",
        Reason = ErrorReason.MessageTooLarge)]
    public int MaxJsonBytes { get; set; } = 64 * 1024;
}
