namespace ForegSyte.Fuzz.Tests.Corpus;

/// <summary>All broken videos: the same ones, in the same order, wherever they are made.</summary>
internal static class BrokenVideos
{
    /// <summary>Made one by one, as they are asked for.</summary>
    public static IEnumerable<BrokenVideo> All() =>
        new[]
        {
            Cuts.Make(), Flips.Make(), Sizes.Make(), Tables.Make(), Tracks.Make(), Codecs.Make(), Disguises.Make(),
        }.SelectMany(videos => videos);
}
