using System.Security.Cryptography;
using CsCheck;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Testing;

namespace ForegSyte.Jobs.Tests.Uploads;

public sealed class DataFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Path => _folder.File("upload.data");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_PartsOfAnyOffsetAndLength_AreReadBack() =>
        Gen.Select(Gen.Int[1, 40_000], Gen.Bool, Gen.Int).Sample(
            (partBytes, isGapped, seed) =>
            {
                var step = isGapped ? ((partBytes / 4096) + 1) * 4096 : partBytes;
                var random = new Random(seed);
                var video = new byte[random.Next(1, 8 * step)];
                random.NextBytes(video);
                var offsets = Enumerable.Range(0, (video.Length + step - 1) / step).Select(i => i * step).ToArray();
                random.Shuffle(offsets);
                File.Delete(Path);
                using var file = DataFile.Create(Path, video.Length);

                var writes = offsets.Select(
                    offset => WriteAsync(file, video, offset, Math.Min(offset + step, video.Length)));
                Task.WaitAll([.. writes], Cancellation);

                var read = new byte[video.Length + 1];
                Assert.Equal(video.Length, file.Read(read, 0));
                Assert.Equal(video, read[..^1]);
                Assert.Equal(video, File.ReadAllBytes(Path));
            },
            iter: 100, threads: 1);

    private static async Task WriteAsync(DataFile file, byte[] video, int start, int end) =>
        await file.WriteAsync(video.AsMemory(start..end), start, Cancellation);
}
