using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace ForegSyte.Jobs.Storage.S3;

/// <summary>
/// Keys of videos that are stored by content: the content id and the id of the upload. Each upload has a key of its
/// own, so a late deletion of an earlier object can never delete a newer one.
/// </summary>
internal static partial class VideoKey
{
    /// <summary>Length of a content id, a SHA-256 in hexadecimal digits.</summary>
    private const int ContentIdLength = 64;

    /// <summary>A new key for the content.</summary>
    public static string New(string contentId) => $"{contentId}.{Guid.NewGuid():N}.mp4";

    /// <summary>Whether the key is one of a video, and of which content.</summary>
    public static bool TryParse(string key, [NotNullWhen(true)] out string? contentId)
    {
        contentId = Form().IsMatch(key) ? key[..ContentIdLength] : null;
        return contentId is not null;
    }

    [GeneratedRegex(@"^[0-9a-f]{64}\.[0-9a-f]{32}\.mp4\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
