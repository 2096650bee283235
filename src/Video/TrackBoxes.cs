using System.Buffers.Binary;

namespace ForegSyte.Video;

/// <summary>What only the boxes of a track tell, because ffprobe does not print it.</summary>
/// <param name="Id">Id of the track.</param>
/// <param name="IsVideo">
/// Whether its handler is that of a video. FFmpeg takes every track with the sample entry of a video codec for one,
/// such as the depth or the transparency of another track ("auxv").
/// </param>
/// <param name="HasEmptySamples">Whether its table has a sample of 0 bytes, which FFmpeg's parsers drop.</param>
/// <param name="MayTellOrientation">Whether its configuration record of HEVC ("hvcC") may turn the frames.</param>
internal sealed record TrackBoxes(long Id, bool IsVideo, bool HasEmptySamples, bool MayTellOrientation)
{
    /// <summary>Maximum number of tracks to read; further ones count as videos without these boxes.</summary>
    public const int MaxTracks = 256;

    /// <summary>Maximum size of a configuration record; encoders write some hundred bytes, or a text of 2 KB.</summary>
    private const int MaxConfigurationBytes = 64 * 1024;

    private const int VisualSampleEntryBytes = 78;
    private const int ReadBytes = 64 * 1024;

    /// <summary>
    /// Reads the tracks of a file whose top level is in order, up to boxes that contradict each other.
    /// </summary>
    /// <param name="file">The file, seekable.</param>
    /// <param name="maxSamples">Number of samples of a track to look at.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static IReadOnlyList<TrackBoxes> Read(Stream file, int maxSamples, CancellationToken cancellationToken)
    {
        var reader = new Reader(file, maxSamples, cancellationToken);
        var movie = reader.Boxes(0, file.Length).FirstOrDefault(box => box.Is("moov"u8));
        return
        [
            .. reader.Boxes(movie.Start, movie.End).Where(box => box.Is("trak"u8)).Take(MaxTracks).Select(reader.Track),
        ];
    }

    private sealed class Reader(Stream file, int maxSamples, CancellationToken cancellationToken)
        : BoxReader(file, cancellationToken)
    {
        public TrackBoxes Track(Box track)
        {
            var read = new TrackBoxes(0, IsVideo: false, HasEmptySamples: false, MayTellOrientation: false);
            foreach (var box in Boxes(track.Start, track.End))
            {
                if (box.Is("tkhd"u8))
                {
                    // Behind version, flags and two times.
                    var isVersion1 = Bytes(box.Start, 1) is [1];
                    read = read with { Id = Number(box.Start + (isVersion1 ? 20 : 12)) };
                }
                else if (box.Is("mdia"u8))
                {
                    foreach (var media in Boxes(box.Start, box.End))
                    {
                        if (media.Is("hdlr"u8))
                        {
                            // Behind version, flags and four bytes of QuickTime.
                            var isVideo = Bytes(media.Start + 8, 4).AsSpan().SequenceEqual("vide"u8);
                            read = read with { IsVideo = read.IsVideo || isVideo };
                        }
                        else if (media.Is("minf"u8))
                        {
                            read = Tables(media, read);
                        }
                    }
                }
            }

            return read;
        }

        private TrackBoxes Tables(Box information, TrackBoxes read)
        {
            foreach (var box in Boxes(information.Start, information.End)
                .Where(box => box.Is("stbl"u8))
                .SelectMany(box => Boxes(box.Start, box.End)))
            {
                if (box.Is("stsz"u8))
                {
                    read = read with { HasEmptySamples = HasZero(box) };
                }
                else if (box.Is("stsd"u8))
                {
                    // Behind version, flags and the number of entries.
                    var configuration = Boxes(box.Start + 8, box.End)
                        .SelectMany(entry => Boxes(entry.Start + VisualSampleEntryBytes, entry.End))
                        .FirstOrDefault(child => child.Is("hvcC"u8));
                    var mayTell = OrientationMessage.IsPossibleInConfiguration(Content(configuration));
                    read = read with { MayTellOrientation = mayTell };
                }
            }

            return read;
        }

        /// <summary>The layout: version and flags, the size of all samples or 0, their number, the sizes.</summary>
        private bool HasZero(Box sizes)
        {
            if (Number(sizes.Start + 4) != 0)
            {
                return false;
            }

            var samples = Math.Min(Number(sizes.Start + 8), maxSamples);
            var end = Math.Min(sizes.End, sizes.Start + 12 + (4 * samples));
            for (var at = sizes.Start + 12; end - at >= 4; at += ReadBytes)
            {
                var bytes = Bytes(at, (int)Math.Min(ReadBytes, end - at)).AsSpan();
                for (; bytes.Length >= 4; bytes = bytes[4..])
                {
                    if (BinaryPrimitives.ReadUInt32BigEndian(bytes) == 0)
                    {
                        return true;
                    }
                }
            }

            return false;
        }

        private byte[] Content(Box box) =>
            Bytes(box.Start, (int)Math.Min(box.End - box.Start, MaxConfigurationBytes));
    }
}
