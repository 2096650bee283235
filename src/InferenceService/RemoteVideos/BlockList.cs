using System.Text;
using ForegSyte.Protocol.Checksums;

namespace ForegSyte.Inference.RemoteVideos;

/// <summary>The fetched blocks of a video as the cache keeps them in a file, beside the sparse file.</summary>
/// <param name="Key">Identifies the content.</param>
/// <param name="ETag">Entity tag of the object.</param>
/// <param name="Size">Size of the video.</param>
/// <param name="Checksums">CRC-32C of each fetched block.</param>
internal sealed record BlockList(string Key, string ETag, long Size, IReadOnlyDictionary<int, uint> Checksums)
{
    private const string Magic = "foregsyte video 1";
    private const string Extension = ".blocks";

    /// <summary>Path of the list of a sparse file.</summary>
    public static string PathOf(string videoPath) => videoPath + Extension;

    /// <summary>Reads a list; null if it does not exist or is damaged.</summary>
    public static BlockList? TryRead(string path)
    {
        try
        {
            var bytes = File.ReadAllBytes(path);
            using var reader = new BinaryReader(new MemoryStream(bytes), Encoding.UTF8);
            if (bytes.Length < sizeof(uint)
                || Crc32C.Of(bytes.AsSpan(..^sizeof(uint))) != BitConverter.ToUInt32(bytes.AsSpan(^sizeof(uint)..))
                || reader.ReadString() != Magic)
            {
                return null;
            }

            var (key, etag, size) = (reader.ReadString(), reader.ReadString(), reader.ReadInt64());
            var checksums = new Dictionary<int, uint>();
            for (var count = reader.ReadInt32(); count > 0; count--)
            {
                checksums.Add(reader.ReadInt32(), reader.ReadUInt32());
            }

            return new BlockList(key, etag, size, checksums);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Writes the list, in one step for readers.</summary>
    public void Write(string path)
    {
        using var bytes = new MemoryStream();
        using (var writer = new BinaryWriter(bytes, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Magic);
            writer.Write(Key);
            writer.Write(ETag);
            writer.Write(Size);
            writer.Write(Checksums.Count);
            foreach (var (block, checksum) in Checksums)
            {
                writer.Write(block);
                writer.Write(checksum);
            }

            writer.Flush();
            writer.Write(Crc32C.Of(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));
        }

        File.WriteAllBytes(path + ".new", bytes.ToArray());
        File.Move(path + ".new", path, overwrite: true);
    }
}
