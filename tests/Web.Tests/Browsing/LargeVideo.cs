using System.Buffers.Binary;
using ForegSyte.Testing;

namespace ForegSyte.Web.Tests.Browsing;

/// <summary>A video of a number of parts: a real one, followed by a box that players skip.</summary>
internal static class LargeVideo
{
    /// <summary>Bytes that the page sends at once.</summary>
    public const int PartBytes = 2 * 1024 * 1024;

    public static async Task<string> MakeAsync(TemporaryFolder folder, string name, int parts)
    {
        var video = await File.ReadAllBytesAsync(RepositoryFiles.Pedestrians);
        var padding = new byte[(parts * PartBytes) - video.Length - 1000];
        BinaryPrimitives.WriteInt32BigEndian(padding, padding.Length);
        "free"u8.CopyTo(padding.AsSpan(4));
        new Random(7).NextBytes(padding.AsSpan(8));
        var path = folder.File(name);
        await File.WriteAllBytesAsync(path, [.. video, .. padding]);
        return path;
    }
}
