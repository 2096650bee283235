using ForegSyte.Testing;

namespace ForegSyte.JobBenchmarks.Uploads;

/// <summary>
/// A valid MP4 of any size: a small clip with noise behind it that players skip. For an upload every byte counts the
/// same.
/// </summary>
internal sealed class BigVideo
{
    private readonly long _noiseStart;

    private BigVideo(string path, long sizeBytes, long noiseStart) =>
        (Path, SizeBytes, _noiseStart) = (path, sizeBytes, noiseStart);

    public string Path { get; }

    public long SizeBytes { get; }

    /// <summary>Makes one.</summary>
    public static async Task<BigVideo> MakeAsync(string path, long sizeBytes, CancellationToken cancellationToken)
    {
        await Clips.MakeTestPictureAsync(path);
        var noiseStart = await Mp4Surgery.EnlargeAsync(path, sizeBytes, cancellationToken);
        return new BigVideo(path, sizeBytes, noiseStart);
    }

    /// <summary>Changes a few bytes, so that no server finds that it has the video already.</summary>
    public void Stamp(int number)
    {
        using var file = File.OpenHandle(Path, access: FileAccess.Write);
        RandomAccess.Write(file, BitConverter.GetBytes(number), _noiseStart);
        RandomAccess.FlushToDisk(file);
    }
}
