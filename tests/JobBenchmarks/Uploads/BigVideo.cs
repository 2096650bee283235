using System.Buffers.Binary;
using ForegSyte.Testing;

namespace ForegSyte.JobBenchmarks.Uploads;

/// <summary>
/// A valid MP4 of any size: a small clip, and behind it a "free" box (ISO/IEC 14496-12, 8.1.2) of noise, which players
/// skip. For an upload every byte counts the same.
/// </summary>
internal sealed class BigVideo
{
    private const int BlockBytes = 4 << 20;

    /// <summary>Size 1 and type, then the size in 64 bits.</summary>
    private const int LargeBoxHeaderBytes = 16;

    private const int Seed = 7;

    private readonly long _noiseStart;

    private BigVideo(string path, long sizeBytes, long noiseStart) =>
        (Path, SizeBytes, _noiseStart) = (path, sizeBytes, noiseStart);

    public string Path { get; }

    public long SizeBytes { get; }

    /// <summary>Makes one.</summary>
    public static async Task<BigVideo> MakeAsync(string path, long sizeBytes, CancellationToken cancellationToken)
    {
        await Clips.MakeTestPictureAsync(path);
        await using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
        var left = sizeBytes - file.Length - LargeBoxHeaderBytes;
        if (left <= 0)
        {
            throw new ArgumentException($"The video has to be larger than the {file.Length} bytes of its clip.");
        }

        var header = new byte[LargeBoxHeaderBytes];
        BinaryPrimitives.WriteUInt32BigEndian(header, 1);
        "free"u8.CopyTo(header.AsSpan(4));
        BinaryPrimitives.WriteInt64BigEndian(header.AsSpan(8), left + LargeBoxHeaderBytes);
        await file.WriteAsync(header, cancellationToken);
        var video = new BigVideo(path, sizeBytes, file.Length);
        var noise = new byte[BlockBytes];
        new Random(Seed).NextBytes(noise);
        for (; left > 0; left -= Math.Min(left, noise.Length))
        {
            await file.WriteAsync(noise.AsMemory(0, (int)Math.Min(left, noise.Length)), cancellationToken);
        }

        file.Flush(flushToDisk: true);
        return video;
    }

    /// <summary>Changes a few bytes, so that no server finds that it has the video already.</summary>
    public void Stamp(int number)
    {
        using var file = File.OpenHandle(Path, access: FileAccess.Write);
        RandomAccess.Write(file, BitConverter.GetBytes(number), _noiseStart);
        RandomAccess.FlushToDisk(file);
    }
}
