namespace ForegSyte.Fuzz.Tests.Corpus;

/// <summary>The clip with bytes changed: in its index, in its frames, everywhere.</summary>
internal static class Flips
{
    private const int IndexVariants = 40;
    private const int FrameVariants = 15;

    public static IEnumerable<BrokenVideo> Make()
    {
        var indexStart = Sample.Bytes.AsSpan().IndexOf("moov"u8);
        for (var seed = 0; seed < IndexVariants; seed++)
        {
            var count = 1 << (seed % 6);
            yield return Flip($"index, {count} bytes", seed, count, indexStart, Sample.Bytes.Length);
        }

        for (var seed = 0; seed < FrameVariants; seed++)
        {
            yield return Flip($"frames, {1 << seed} bytes", seed, 1 << seed, 48, indexStart);
        }

        yield return new BrokenVideo("frames are zeros", Sample.After("mdat", data => data.Payload.AsSpan().Clear()));
        yield return new BrokenVideo(
            "frames are noise", Sample.After("mdat", data => new Random(1).NextBytes(data.Payload)));
        yield return new BrokenVideo(
            "frames are backwards", Sample.After("mdat", data => Array.Reverse(data.Payload)));
        yield return new BrokenVideo(
            "index is noise", Sample.After("stbl", table => table.Children.ForEach(
                box => new Random(1).NextBytes(box.Payload))));
    }

    private static BrokenVideo Flip(string where, int seed, int count, int start, int end)
    {
        var bytes = Sample.Bytes.ToArray();
        var random = new Random(seed);
        for (var left = count; left > 0; left--)
        {
            bytes[random.Next(start, end)] ^= (byte)random.Next(1, 256);
        }

        return new BrokenVideo($"flipped {where}, seed {seed}", bytes);
    }
}
