using System.Buffers.Binary;
using ForegSyte.Media.Tests.Pictures;

namespace ForegSyte.Media.Tests.Mp4Editor;

/// <summary>Edits of a track ("trak") that no muxer makes.</summary>
internal static class TrackEdits
{
    private const string Tables = "mdia/minf/stbl/";

    /// <summary>Sets the matrix of the track header.</summary>
    public static void Turn(this Mp4Node track, Orientation orientation, int width, int height) =>
        track.SetMatrix(orientation.Matrix(width, height));

    /// <summary>Sets the nine numbers of the track header's matrix.</summary>
    public static void SetMatrix(this Mp4Node track, int[] matrix)
    {
        var header = track["tkhd"];
        var at = header.Payload[0] == 1 ? 52 : 40;
        foreach (var (cell, value) in matrix.Index())
        {
            header.Set(at + (cell * 4), (uint)value);
        }
    }

    /// <summary>Sets or clears the flag "enabled" of the track header.</summary>
    public static void Enable(this Mp4Node track, bool enabled) =>
        track["tkhd"].Set(0, (track["tkhd"].Number(0) & ~1u) | (enabled ? 1u : 0));

    /// <summary>Sets the id of the track.</summary>
    public static void SetId(this Mp4Node track, uint id) =>
        track["tkhd"].Set(track["tkhd"].Payload[0] == 1 ? 20 : 12, id);

    public static uint Id(this Mp4Node track) => track["tkhd"].Number(track["tkhd"].Payload[0] == 1 ? 20 : 12);

    /// <summary>Ticks of the track a second.</summary>
    public static uint Timescale(this Mp4Node track) =>
        track["mdia/mdhd"].Number(track["mdia/mdhd"].Payload[0] == 1 ? 20 : 12);

    /// <summary>Number of samples.</summary>
    public static int Samples(this Mp4Node track) => (int)track[Tables + "stsz"].Number(8);

    /// <summary>Sets the duration of each sample in ticks, and of the track, the media and the movie.</summary>
    public static void SetDurations(this Mp4Node track, Mp4Node movie, Func<int, uint> duration)
    {
        var durations = Enumerable.Range(0, track.Samples()).Select(duration).ToArray();
        track[Tables + "stts"].Payload = Mp4Node.Table(
            durations.Length, durations.SelectMany(ticks => new[] { 1u, ticks }));
        var length = durations.Sum(ticks => (long)ticks);
        var movieScale = movie["mvhd"].Number(12);
        var movieLength = (uint)(length * movieScale / track.Timescale());
        track["mdia/mdhd"].Set(16, (uint)length);
        track["tkhd"].Set(20, movieLength);
        movie["mvhd"].Set(16, movieLength);
        track.Children!.RemoveAll(box => box.Type == "edts");
    }

    /// <summary>Shows a sample, counted from 0 in decode order, earlier or later by ticks.</summary>
    public static void ShiftPresentation(this Mp4Node track, int sample, int ticks)
    {
        var table = track[Tables + "ctts"];
        var entries = Enumerable.Range(0, (int)table.Number(4))
            .SelectMany(entry => Enumerable.Repeat(
                table.Number(12 + (entry * 8)), (int)table.Number(8 + (entry * 8))))
            .ToArray();
        entries[sample] = (uint)(entries[sample] + ticks);
        var version = table.Payload[0];
        table.Payload = Mp4Node.Table(entries.Length, entries.SelectMany(offset => new[] { 1u, offset }));
        table.Payload[0] = version;
    }

    /// <summary>Drops the last entry of the table of durations, so that it has fewer samples than the track.</summary>
    public static void ShortenDurations(this Mp4Node track, int samples) =>
        track[Tables + "stts"].Payload = Mp4Node.Table(1, [(uint)samples, track[Tables + "stts"].Number(12)]);

    /// <summary>Empties samples, counted from 0 in decode order; all others keep their data.</summary>
    public static void EmptySamples(this Mp4Node track, params int[] samples)
    {
        var sizes = track[Tables + "stsz"];
        var offsets = track.SampleOffsets();

        // With a chunk for each sample, none depends on the size of another one.
        track[Tables + "stsc"].Payload = Mp4Node.Table(1, [1, 1, 1]);
        track[Tables + "stco"].Payload = Mp4Node.Table(offsets.Length, offsets);
        foreach (var sample in samples)
        {
            sizes.Set(12 + (sample * 4), 0);
        }
    }

    /// <summary>Widens the offsets of the chunks to 64 bits.</summary>
    public static void WidenOffsets(this Mp4Node track)
    {
        var offsets = track[Tables + "stco"];
        var count = (int)offsets.Number(4);
        offsets.Payload = Mp4Node.Table(
            count, Enumerable.Range(0, count).SelectMany(chunk => new[] { 0u, offsets.Number(8 + (chunk * 4)) }));
        offsets.Type = "co64";
    }

    /// <summary>Replaces the edit list; an entry is a length in ticks of the movie and a start in the track.</summary>
    public static void SetEditList(this Mp4Node track, params (uint Length, int Start)[] entries)
    {
        track.Children!.RemoveAll(box => box.Type == "edts");
        if (entries.Length > 0)
        {
            var list = new Mp4Node("elst", Mp4Node.Table(
                entries.Length, entries.SelectMany(entry => new[] { entry.Length, (uint)entry.Start, 1u << 16 })));
            track.Children.Insert(1, new Mp4Node("edts", list.ToBytes()));
        }
    }

    /// <summary>Replaces the table of the samples at which decoding can start, from 0; null removes it.</summary>
    public static void SetSyncSamples(this Mp4Node track, params int[]? samples)
    {
        var tables = track["mdia/minf/stbl"].Children!;
        tables.RemoveAll(box => box.Type == "stss");
        if (samples is not null)
        {
            tables.Add(new Mp4Node("stss", Mp4Node.Table(samples.Length, samples.Select(sample => (uint)sample + 1))));
        }
    }

    /// <summary>Sets the shape of a pixel in the sample entry; without a width it removes it.</summary>
    public static void SetPixelAspect(this Mp4Node track, uint width, uint height)
    {
        var entry = track[Tables + "stsd"].Children![0];
        entry.Children!.RemoveAll(box => box.Type == "pasp");
        if (width > 0)
        {
            var ratio = new byte[8];
            BinaryPrimitives.WriteUInt32BigEndian(ratio, width);
            BinaryPrimitives.WriteUInt32BigEndian(ratio.AsSpan(4), height);
            entry.Children.Add(new Mp4Node("pasp", ratio));
        }
    }

    /// <summary>Sets the size in which the track wants to be shown, in pixels.</summary>
    public static void SetShownSize(this Mp4Node track, uint width, uint height)
    {
        var header = track["tkhd"];
        header.Set(header.Payload.Length - 8, width << 16);
        header.Set(header.Payload.Length - 4, height << 16);
    }

    /// <summary>Sets the handler, for example "auxv".</summary>
    public static void SetHandler(this Mp4Node track, string type) =>
        System.Text.Encoding.Latin1.GetBytes(type, track["mdia/hdlr"].Payload.AsSpan(8));

    /// <summary>Makes a track refer to another one, for example as its chapters ("chap").</summary>
    public static void Refer(this Mp4Node track, string kind, uint id)
    {
        var number = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(number, id);
        track.Children!.Add(new Mp4Node("tref", new Mp4Node(kind, number).ToBytes()));
    }

    /// <summary>Offset of each sample in the file; the track must not have one size for all samples.</summary>
    private static uint[] SampleOffsets(this Mp4Node track)
    {
        var (sizes, chunks, runs) = (track[Tables + "stsz"], track[Tables + "stco"], track[Tables + "stsc"]);
        var (sample, run, offsets) = (0, 0, new List<uint>());
        for (var chunk = 1u; chunk <= chunks.Number(4); chunk++)
        {
            run += run + 1 < runs.Number(4) && runs.Number(8 + ((run + 1) * 12)) == chunk ? 1 : 0;
            var offset = chunks.Number(4 + ((int)chunk * 4));
            for (var count = runs.Number(12 + (run * 12)); count > 0; count--)
            {
                offsets.Add(offset);
                offset += sizes.Number(12 + (sample++ * 4));
            }
        }

        return [.. offsets];
    }

    /// <summary>A copy of a track without samples.</summary>
    public static Mp4Node WithoutSamples(this Mp4Node track, uint id)
    {
        var empty = track.Clone();
        empty.SetId(id);
        empty.Children!.RemoveAll(box => box.Type == "edts");
        var tables = empty["mdia/minf/stbl"].Children!;
        tables.RemoveAll(box => box.Type is "stss" or "ctts" or "sgpd" or "sbgp" or "sdtp");
        foreach (var table in tables.Where(box => box.Type is "stts" or "stsc" or "stco"))
        {
            table.Payload = Mp4Node.Table(0, []);
        }

        empty[Tables + "stsz"].Payload = Mp4Node.Table(0, [0]);
        return empty;
    }
}
