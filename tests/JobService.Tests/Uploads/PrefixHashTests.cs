using System.Security.Cryptography;
using CsCheck;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Testing;
using Microsoft.Win32.SafeHandles;

namespace ForegSyte.Jobs.Tests.Uploads;

public sealed class PrefixHashTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly UploadHashing _hashing = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _hashing.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public Task Finish_AfterAdvancesOfAnyLength_IsTheHashOfTheFile() =>
        Gen.Select(Gen.Int[1, 2_000_000], Gen.Int).SampleAsync(
            async (stepBytes, seed) =>
            {
                var random = new Random(seed);
                var video = new byte[random.Next(1, 6_000_000)];
                random.NextBytes(video);
                using var file = Write(video);
                using var hash = _hashing.Create(file);

                for (var end = stepBytes; end < video.Length; end += stepBytes)
                {
                    hash.Advance(end);
                }

                hash.Advance(video.Length);

                Assert.Equal(HashOf(video), await hash.FinishAsync(Cancellation));
            },
            iter: 30, threads: 1);

    [Fact]
    public async Task Finish_BytesBehindThePrefix_AreNotHashed()
    {
        var video = RandomNumberGenerator.GetBytes(3_000_000);
        using var file = Write(video);
        using var hash = _hashing.Create(file);

        hash.Advance(2_000_000);
        hash.Advance(1_000_000);

        Assert.Equal(HashOf(video[..2_000_000]), await hash.FinishAsync(Cancellation));
    }

    [Fact]
    public async Task Finish_LargeFile_LeavesEveryByteInTheFile()
    {
        var video = RandomNumberGenerator.GetBytes(20_000_001);
        using var file = Write(video);
        using var hash = _hashing.Create(file);

        hash.Advance(video.Length);

        Assert.Equal(HashOf(video), await hash.FinishAsync(Cancellation));
        var stored = new byte[video.Length];
        Assert.Equal(stored.Length, RandomAccess.Read(file, stored, 0));
        Assert.Equal(HashOf(video), HashOf(stored));
    }

    [Fact]
    public async Task Finish_AfterAFailedRead_ContinuesWhereItFailed()
    {
        var video = RandomNumberGenerator.GetBytes(3_000_001);
        using var file = Write(video[..1_500_000]);
        using var hash = _hashing.Create(file);
        hash.Advance(video.Length);
        await Assert.ThrowsAsync<IOException>(() => hash.FinishAsync(Cancellation));

        await RandomAccess.WriteAsync(file, video.AsMemory(1_500_000), 1_500_000, Cancellation);

        Assert.Equal(HashOf(video), await hash.FinishAsync(Cancellation));
    }

    [Fact]
    public async Task Finish_AfterDispose_Fails()
    {
        using var file = Write(new byte[10]);
        var hash = _hashing.Create(file);
        hash.Advance(10);

        hash.Dispose();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => hash.FinishAsync(Cancellation));
    }

    private static string HashOf(byte[] video) => Convert.ToHexStringLower(SHA256.HashData(video));

    private SafeFileHandle Write(byte[] video)
    {
        var file = File.OpenHandle(_folder.File("video.data"), FileMode.Create, FileAccess.ReadWrite);
        RandomAccess.Write(file, video, 0);
        return file;
    }
}
