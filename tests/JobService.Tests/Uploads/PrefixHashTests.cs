using System.Security.Cryptography;
using CsCheck;
using ForegSyte.Jobs.Uploads;
using ForegSyte.Testing;

namespace ForegSyte.Jobs.Tests.Uploads;

public sealed class PrefixHashTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly PartBuffers _buffers = new();
    private readonly UploadHashing _hashing = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _hashing.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Hash_OfPartsThatWereLent_NeedsNoFile()
    {
        var video = RandomNumberGenerator.GetBytes(3_000_001);
        using var nothing = DataFile.Create(_folder.File("zeros.data"), video.Length);
        using var hash = _hashing.Begin(nothing);

        // Each lies behind what the hash was told of, in an order in which a client may send them.
        foreach (var start in new[] { 1_000_000, 2_000_000, 0 })
        {
            Lend(hash, video, start, Math.Min(start + 1_000_000, video.Length));
        }

        Lend(hash, video, 3_000_000, 3_000_001);
        hash.Advance(video.Length);

        Assert.Equal(HashOf(video), await hash.FinishAsync(Cancellation));
    }

    [Fact]
    public Task Hash_OfPartsLentOrRead_IsThatOfTheFile() =>
        Gen.Select(Gen.Int[1, 2_000_000], Gen.Int).SampleAsync(
            async (partBytes, seed) =>
            {
                var random = new Random(seed);
                var video = new byte[random.Next(1, 6_000_000)];
                random.NextBytes(video);
                var path = _folder.File("video.data");
                await File.WriteAllBytesAsync(path, video, Cancellation);
                using var file = DataFile.Open(path);
                using var hash = _hashing.Begin(file);

                for (var start = 0; start < video.Length; start += partBytes)
                {
                    var end = Math.Min(start + partBytes, video.Length);
                    if (random.Next(2) == 0)
                    {
                        Lend(hash, video, start, end);
                    }

                    if (random.Next(2) == 0 || end == video.Length)
                    {
                        hash.Advance(end);
                    }
                }

                Assert.Equal(HashOf(video), await hash.FinishAsync(Cancellation));
            },
            iter: 30, threads: 1);

    [Fact]
    public async Task Lent_PartsThatWaitForOneThatIsMissing_MakeRoomForOthersAndAreRead()
    {
        // More than is kept in memory, and more parts than the hash remembers.
        const int partBytes = 40_000;
        var video = RandomNumberGenerator.GetBytes(2_000 * partBytes);
        var path = _folder.File("video.data");
        await File.WriteAllBytesAsync(path, video, Cancellation);
        using var file = DataFile.Open(path);
        using var hash = _hashing.Begin(file);
        for (var start = partBytes; start < video.Length; start += partBytes)
        {
            Lend(hash, video, start, start + partBytes);
        }

        hash.Advance(video.Length);

        Assert.Equal(HashOf(video), await hash.FinishAsync(Cancellation));
    }

    [Fact]
    public void Disposed_GivesBackWhatItWasLent()
    {
        using var file = DataFile.Create(_folder.File("video.data"), 2_000_000);
        var hash = _hashing.Begin(file);
        byte[] memory;
        using (var part = _buffers.Rent(1_000_000))
        {
            part.Data.Span.Fill(7);
            hash.Lend(1_000_000, part);
            memory = part.Data.ToArray();
        }

        using (var other = _buffers.Rent(1_000_000))
        {
            other.Data.Span.Clear();
        }

        hash.Dispose();

        using var first = _buffers.Rent(1_000_000);
        using var second = _buffers.Rent(1_000_000);
        Assert.Contains(new[] { first, second }, part => part.Data.Span.SequenceEqual(memory));
    }

    private static string HashOf(byte[] video) => Convert.ToHexStringLower(SHA256.HashData(video));

    private void Lend(PrefixHash hash, byte[] video, int start, int end)
    {
        using var part = _buffers.Rent(end - start);
        video.AsSpan(start..end).CopyTo(part.Data.Span);
        hash.Lend(start, part);
    }
}
