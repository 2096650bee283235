using Google.Protobuf;

namespace ForegSyte.Hosting.Security.Audit;

/// <summary>
/// Which job or upload a call is about: what its response has made, or else what its request names. Pure.
/// </summary>
internal static class AuditedResource
{
    /// <summary>Longest id that is written down, in characters: a caller may send anything.</summary>
    private const int MaxLength = 64;

    private static readonly string[] Ids = ["job_id", "upload_id"];
    private static readonly string[] Made = ["job", "upload"];

    /// <summary>The id; empty where there is none.</summary>
    public static string Of(object request, object? response)
    {
        var id = IdIn(response as IMessage) ?? IdIn(request as IMessage) ?? "";
        return id.Length <= MaxLength && id.All(x => char.IsAsciiLetterOrDigit(x) || x == '-') ? id : "invalid";
    }

    private static string? IdIn(IMessage? message)
    {
        if (message is null)
        {
            return null;
        }

        var made = Made.Select(name => Value(message, name)).OfType<IMessage>().FirstOrDefault() ?? message;
        return Ids.Select(name => Value(made, name)).OfType<string>().FirstOrDefault(id => id.Length > 0);
    }

    private static object? Value(IMessage message, string name) =>
        message.Descriptor.FindFieldByName(name) is { } field
        && (!field.HasPresence || field.Accessor.HasValue(message))
            ? field.Accessor.GetValue(message)
            : null;
}
