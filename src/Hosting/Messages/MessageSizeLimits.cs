using ForegSyte.Protocol.Limits;
using ForegSyte.V1;

namespace ForegSyte.Hosting.Messages;

/// <summary>
/// Maximum request sizes. Services set those of their methods from their own options:
/// <c>services.AddOptions&lt;MessageSizeLimits&gt;().Configure&lt;IOptions&lt;MyOptions&gt;&gt;(…)</c>.
/// </summary>
public sealed class MessageSizeLimits
{
    /// <summary>gRPC's default for received messages.</summary>
    [Limit(
        "bytes", "Maximum request size of methods without a limit of their own; larger requests are refused.",
        Name = "request message", Reason = ErrorReason.MessageTooLarge)]
    public const int DefaultMaxBytes = 4 * 1024 * 1024;

    /// <value>Limit of methods that are not in <see cref="Methods"/>.</value>
    public MessageSizeLimit Default { get; set; } =
        new(DefaultMaxBytes, "Send fewer or shorter values.");

    /// <value>Limits by method path, for example "/foregsyte.v1.UploadService/UploadPart".</value>
    public IDictionary<string, MessageSizeLimit> Methods { get; } = new Dictionary<string, MessageSizeLimit>();

    /// <summary>Limit of a method.</summary>
    public MessageSizeLimit Of(string methodPath) => Methods.TryGetValue(methodPath, out var limit) ? limit : Default;

    /// <summary>The largest limit in bytes.</summary>
    internal int Largest => Methods.Values.Append(Default).Max(limit => limit.MaxBytes);
}

/// <summary>Maximum request size of a method.</summary>
/// <param name="MaxBytes">Maximum message size in bytes on the wire.</param>
/// <param name="WhatToDo">Advice for callers with a larger message, a sentence.</param>
/// <param name="Option">Option that sets the limit; empty for a constant.</param>
public sealed record MessageSizeLimit(int MaxBytes, string WhatToDo, string Option = "");
