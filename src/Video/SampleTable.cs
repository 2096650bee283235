using System.Buffers.Binary;
using ForegSyte.Protocol.Mp4;

namespace ForegSyte.Video;

/// <summary>Where the samples of a track lie in the file, in decode order.</summary>
/// <param name="TrackId">Id of the track.</param>
/// <param name="IsVideo">Whether its handler is that of a video.</param>
/// <param name="Offsets">First byte of each sample.</param>
/// <param name="Sizes">Bytes of each sample.</param>
internal sealed record SampleTable(long TrackId, bool IsVideo, long[] Offsets, int[] Sizes)
{
    /// <summary>Samples of a track without frames that are read: those at its beginning are enough.</summary>
    private const int MaxOtherSamples = 4096;

    /// <summary>Edits of a track that are read: empty ones, which delay it, and one that shows it.</summary>
    private const int MaxEdits = 4;

    /// <summary>Version and flags, the number of entries.</summary>
    private const int EntriesAt = 8;

    private int[]? _byOffset;

    public int Count => Offsets.Length;

    /// <summary>
    /// Reads the tables of all tracks of an MP4 whose decoders can read a part of it: the file lists every sample in
    /// its "moov" box, and its frames are H.264 or HEVC with a size before each NAL unit, so that the decoder
    /// complains of zeros.
    /// </summary>
    /// <param name="file">The file, seekable; only the headers of its boxes and its "moov" box are read.</param>
    /// <param name="maxSamples">Maximum number of samples of a video track.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>Null if the file is none of these, or if its tables are unusual or contradict each other.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static IReadOnlyList<SampleTable>? Read(Stream file, int maxSamples, CancellationToken cancellationToken)
    {
        var reader = new BoxReader(file, cancellationToken);
        var top = reader.Boxes(0, file.Length).ToList();
        if (top.Exists(box => box.Is("moof"u8)) || top.FindAll(box => box.Is("moov"u8)) is not [var movie])
        {
            return null;
        }

        var boxes = reader.Boxes(movie.Start, movie.End).ToList();
        var tracks = boxes.FindAll(box => box.Is("trak"u8));
        if (tracks.Count > TrackBoxes.MaxTracks || boxes.Exists(box => box.Is("mvex"u8)))
        {
            return null;
        }

        var tables = new List<SampleTable>();
        foreach (var track in tracks)
        {
            if (new TrackReader(reader, file.Length, maxSamples).Read(track) is not { } table)
            {
                return null;
            }

            tables.Add(table);
        }

        return tables;
    }

    /// <summary>The sample that begins at a byte; null if none does.</summary>
    public int? SampleAt(long offset)
    {
        if (_byOffset is null)
        {
            var order = Enumerable.Range(0, Count).ToArray();
            Array.Sort((long[])Offsets.Clone(), order);
            _byOffset = order;
        }

        int low = 0, high = Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = Offsets[_byOffset[middle]] < offset ? (middle + 1, high) : (low, middle);
        }

        return low < Count && Offsets[_byOffset[low]] == offset ? _byOffset[low] : null;
    }

    private sealed class TrackReader(BoxReader reader, long fileBytes, int maxSamples)
    {
        private bool _isUnusual;
        private bool _isVideo;
        private long _id;
        private long _timescale;
        private Box _sizes;
        private Box _chunks;
        private Box _runs;
        private Box _descriptions;
        private bool _hasLongOffsets;

        public SampleTable? Read(Box track)
        {
            var edits = new List<Box>();
            foreach (var box in reader.Boxes(track.Start, track.End))
            {
                if (box.Is("tkhd"u8))
                {
                    // Behind version, flags and two times.
                    _id = reader.Number(box.Start + (reader.Bytes(box.Start, 1) is [1] ? 20 : 12));
                }
                else if (box.Is("edts"u8))
                {
                    edits.AddRange(reader.Boxes(box.Start, box.End));
                }
                else if (box.Is("tref"u8))
                {
                    // FFmpeg reads the texts and pictures of chapters when it opens the file.
                    _isUnusual |= reader.Boxes(box.Start, box.End).Any(reference => reference.Is("chap"u8));
                }
                else if (box.Is("mdia"u8))
                {
                    ReadMedia(box);
                }
            }

            _isUnusual |= edits.Exists(IsUnusualEdit) || _isVideo && !IsLengthPrefixed();
            return _isUnusual ? null : Table();
        }

        /// <summary>
        /// Whether the edits show more than one part of the track, or one that begins later than a second after its
        /// first sample, where FFmpeg would begin to read. The layout: version and flags, the number of edits, the
        /// edits (duration, time, rate).
        /// </summary>
        private bool IsUnusualEdit(Box list)
        {
            if (!list.Is("elst"u8))
            {
                return false;
            }

            var (count, isLong) = (reader.Number(list.Start + 4), reader.Bytes(list.Start, 1) is [1]);
            if (count > MaxEdits)
            {
                return true;
            }

            var shown = 0;
            for (var edit = 0; edit < count; edit++)
            {
                var at = list.Start + EntriesAt + (edit * (isLong ? 20 : 12)) + (isLong ? 8 : 4);
                var time = reader.Number(at);

                // An empty edit, with a time of -1, only delays the track.
                if (time == uint.MaxValue)
                {
                    continue;
                }

                time = isLong ? (time << 32) + reader.Number(at + 4) : time;
                shown++;
                if (shown > 1 || time < 0 || time > _timescale)
                {
                    return true;
                }
            }

            return false;
        }

        private void ReadMedia(Box media)
        {
            foreach (var box in reader.Boxes(media.Start, media.End))
            {
                if (box.Is("mdhd"u8))
                {
                    // Behind version, flags and two times.
                    _timescale = reader.Number(box.Start + (reader.Bytes(box.Start, 1) is [1] ? 20 : 12));
                }
                else if (box.Is("hdlr"u8))
                {
                    // Behind version, flags and four bytes of QuickTime.
                    _isVideo |= reader.Bytes(box.Start + 8, 4).AsSpan().SequenceEqual("vide"u8);
                }
                else if (box.Is("minf"u8))
                {
                    foreach (var table in reader.Boxes(box.Start, box.End)
                        .Where(child => child.Is("stbl"u8))
                        .SelectMany(child => reader.Boxes(child.Start, child.End)))
                    {
                        Find(table);
                    }
                }
            }
        }

        private void Find(Box table)
        {
            if (table.Is("stsd"u8))
            {
                _descriptions = table;
            }
            else if (table.Is("stsz"u8))
            {
                _sizes = table;
            }
            else if (table.Is("stsc"u8))
            {
                _runs = table;
            }
            else if (table.Is("stco"u8) || table.Is("co64"u8))
            {
                (_chunks, _hasLongOffsets) = (table, table.Is("co64"u8));
            }
        }

        private bool IsLengthPrefixed() =>
            reader.Boxes(_descriptions.Start + EntriesAt, _descriptions.End).ToList() is [var entry]
            && (entry.Is("avc1"u8) || entry.Is("avc3"u8) || entry.Is("hvc1"u8) || entry.Is("hev1"u8));

        private SampleTable? Table()
        {
            if (_sizes.End == 0 || _runs.End == 0 || _chunks.End == 0)
            {
                return null;
            }

            var count = reader.Number(_sizes.Start + 8);
            var runs = reader.Number(_runs.Start + 4);
            var chunks = reader.Number(_chunks.Start + 4);
            if (count > maxSamples && _isVideo || runs > chunks || chunks > count
                || runs * 12 > _runs.Length - EntriesAt
                || chunks * (_hasLongOffsets ? 8 : 4) > _chunks.Length - EntriesAt)
            {
                return null;
            }

            // Each run has a sample at least, so that later runs are not needed.
            var wanted = (int)(_isVideo ? count : Math.Min(count, MaxOtherSamples));
            return Sizes(wanted) is { } sizes && Offsets(sizes, Math.Min(runs, wanted + 1), chunks) is { } offsets
                ? new SampleTable(_id, _isVideo, offsets, sizes)
                : null;
        }

        /// <summary>Null if a sample has no bytes or more than the file.</summary>
        private int[]? Sizes(int count)
        {
            var sizes = new int[count];
            if (reader.Number(_sizes.Start + 4) is > 0 and var one)
            {
                Array.Fill(sizes, (int)Math.Min(one, int.MaxValue));
            }
            else
            {
                var bytes = reader.Bytes(_sizes.Start + 12, (int)Math.Min(4L * count, _sizes.Length - 12));
                for (var at = 0; at < bytes.Length / 4; at++)
                {
                    sizes[at] = (int)Math.Min(BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(at * 4)), int.MaxValue);
                }
            }

            long total = 0;
            foreach (var size in sizes)
            {
                total += size;
                if (size == 0)
                {
                    return null;
                }
            }

            return total <= SampleUses.MaxBytes(fileBytes) ? sizes : null;
        }

        /// <summary>
        /// Null if the samples do not fill the chunks or exceed the file. A run has its first chunk, the samples of
        /// each chunk, and the sample description.
        /// </summary>
        private long[]? Offsets(int[] sizes, long runs, long chunks)
        {
            var offsets = new long[sizes.Length];
            var width = _hasLongOffsets ? 8 : 4;
            var runBytes = reader.Bytes(_runs.Start + EntriesAt, (int)runs * 12);
            var chunkBytes = reader.Bytes(
                _chunks.Start + EntriesAt, (int)Math.Min(chunks, sizes.Length) * width);
            var (sample, chunk) = (0, 0L);
            for (var run = 0; run < runs && sample < sizes.Length; run++)
            {
                var entry = runBytes.AsSpan(run * 12);
                long inChunk = BinaryPrimitives.ReadUInt32BigEndian(entry[4..]);
                var end = run + 1 < runs ? BinaryPrimitives.ReadUInt32BigEndian(entry[12..]) - 1L : chunks;
                if (BinaryPrimitives.ReadUInt32BigEndian(entry) - 1L != chunk || inChunk == 0 || end > chunks)
                {
                    return null;
                }

                for (; chunk < end && sample < sizes.Length; chunk++)
                {
                    var bytes = chunkBytes.AsSpan((int)chunk * width);
                    var offset = _hasLongOffsets
                        ? BinaryPrimitives.ReadInt64BigEndian(bytes)
                        : BinaryPrimitives.ReadUInt32BigEndian(bytes);
                    for (var n = 0L; n < inChunk && sample < sizes.Length; n++, sample++)
                    {
                        if (offset < 0 || offset > fileBytes - sizes[sample])
                        {
                            return null;
                        }

                        offsets[sample] = offset;
                        offset += sizes[sample];
                    }
                }
            }

            return sample == sizes.Length ? offsets : null;
        }
    }
}
