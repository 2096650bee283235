using Microsoft.Extensions.Options;

namespace ForegSyte.Inference.Video;

/// <summary>The indexes of the videos used last: a job comes back for each of its segments.</summary>
internal sealed class VideoIndexCache(IOptions<VideoOptions> options)
{
    private readonly LinkedList<(Key Key, VideoIndex Index)> _byUse = new();
    private readonly Lock _lock = new();

    /// <summary>What makes a file another one.</summary>
    /// <param name="Path">Canonical path.</param>
    /// <param name="SizeBytes">Length of the file.</param>
    /// <param name="ModifiedAt">Its modification time, UTC.</param>
    internal sealed record Key(string Path, long SizeBytes, DateTime ModifiedAt);

    /// <summary>The index of a file, or null; it counts as used now.</summary>
    public VideoIndex? Find(Key key)
    {
        lock (_lock)
        {
            // A handful of entries: a walk is as fast as a dictionary, and is one structure instead of two.
            for (var node = _byUse.First; node is not null; node = node.Next)
            {
                if (node.Value.Key == key)
                {
                    _byUse.Remove(node);
                    _byUse.AddFirst(node);
                    return node.Value.Index;
                }
            }

            return null;
        }
    }

    /// <summary>Keeps an index, and forgets the one that was not used for longest where there are too many.</summary>
    public void Add(Key key, VideoIndex index)
    {
        lock (_lock)
        {
            _byUse.AddFirst((key, index));
            if (_byUse.Count > options.Value.CachedIndexes)
            {
                _byUse.RemoveLast();
            }
        }
    }
}
