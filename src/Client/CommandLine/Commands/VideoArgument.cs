using System.CommandLine.Parsing;

namespace ForegSyte.CommandLine.Commands;

/// <summary>Tells the path of a video from an address.</summary>
internal static class VideoArgument
{
    private static readonly string[] Schemes = ["http", "https", "s3", "file"];

    /// <summary>The address that the text is, for example https://host/a.mp4; null for a path.</summary>
    public static Uri? AddressIn(string text) =>
        text.Contains("://", StringComparison.Ordinal) && !File.Exists(text)
        && Uri.TryCreate(text, UriKind.Absolute, out var address)
            ? address
            : null;

    /// <summary>Adds an error for text such as "https:host/a.mp4", which would be taken for a file.</summary>
    public static void RefuseMisspeltAddress(ArgumentResult result)
    {
        if (result.Tokens is [var token] && !File.Exists(token.Value) && AddressIn(token.Value) is null
            && Array.Find(Schemes, scheme => token.Value.StartsWith($"{scheme}:", StringComparison.OrdinalIgnoreCase))
                is { } found)
        {
            var rest = token.Value[(found.Length + 1)..].TrimStart('/');
            result.AddError(
                $"'{token.Value}' is neither a file nor an address. An address looks like {found}://{rest}.");
        }
    }
}
