using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Hosting.Messages;

/// <summary>
/// How large requests may be. A service sets its methods in code, from its own options:
/// <c>services.AddOptions&lt;MessageSizeLimits&gt;().Configure&lt;IOptions&lt;MyOptions&gt;&gt;((limits, my) => …)</c>.
/// </summary>
public sealed class MessageSizeLimits
{
    /// <summary>gRPC's own default for a received message.</summary>
    [Limit(
        "bytes", "Largest request of a method that has no limit of its own; a larger one is refused.",
        Name = "request message", Reason = ErrorReason.MessageTooLarge)]
    public const int DefaultMaxBytes = 4 * 1024 * 1024;

    /// <value>The limit of a method that <see cref="Methods"/> does not have.</value>
    public MessageSizeLimit Default { get; set; } =
        new(DefaultMaxBytes, "No valid request of this method is that large: send fewer or shorter values.");

    /// <value>Limits by the path of a method, for example "/foregsyte.v1.UploadService/UploadPart".</value>
    public IDictionary<string, MessageSizeLimit> Methods { get; } = new Dictionary<string, MessageSizeLimit>();

    /// <summary>The limit of a method by its path.</summary>
    public MessageSizeLimit Of(string methodPath) => Methods.TryGetValue(methodPath, out var limit) ? limit : Default;

    /// <summary>The largest of all limits in bytes.</summary>
    internal int Largest => Methods.Values.Append(Default).Max(limit => limit.MaxBytes);
}
