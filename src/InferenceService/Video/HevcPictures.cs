using System.Globalization;

namespace ForegSyte.Inference.Video;

/// <summary>
/// Finds pictures of HEVC that FFmpeg shows although it has not decoded all their blocks. It does not complain of a
/// slice that ends early, but then the message <c>Decoded frame with POC 3.</c> (level debug) is missing, which
/// otherwise stands beside <c>Output frame with POC 3.</c> FFmpeg from 7.1 on writes it in any case and in another
/// form, so that nothing is found.
/// </summary>
/// <param name="lag">
/// Number of pictures after whose output the message of an earlier one counts as missing; with several threads a
/// picture can be output before it is decoded.
/// </param>
internal sealed class HevcPictures(int lag)
{
    private const string Output = "Output frame with POC ";
    private const string Decoded = "Decoded frame with POC ";

    /// <summary>Pictures that are never shown would fill the memory.</summary>
    private const int MaxKept = 1024;

    private readonly HashSet<int> _decoded = [];
    private readonly Queue<int> _outputs = [];
    private readonly List<(int Picture, long Number)> _undecoded = [];
    private long _outputCount;
    private bool _hasDecoded;

    /// <summary>Takes a line of the log and returns the number of pictures that have turned out incomplete.</summary>
    public int Take(ReadOnlySpan<char> line)
    {
        if (PictureAfter(line, Output) is { } output)
        {
            TakeOutput(output);
        }
        else if (PictureAfter(line, Decoded) is { } decoded)
        {
            _hasDecoded = true;
            if (_undecoded.RemoveAll(waiting => waiting.Picture == decoded) == 0 && _decoded.Count < MaxKept)
            {
                _decoded.Add(decoded);
            }
        }

        return Expire(_outputCount - lag);
    }

    /// <summary>Returns the number of pictures that are incomplete at the end of the log.</summary>
    public int End() => Expire(long.MaxValue);

    /// <summary>Whether the next frame that leaves the decoder is incomplete; for a decoder on one thread.</summary>
    public bool IsNextIncomplete() =>
        _outputs.TryDequeue(out var picture)
        && _undecoded.RemoveAll(waiting => waiting.Picture == picture) > 0
        && _hasDecoded;

    private void TakeOutput(int picture)
    {
        _outputCount++;
        if (_outputs.Count == MaxKept)
        {
            _outputs.Dequeue();
        }

        _outputs.Enqueue(picture);
        if (!_decoded.Remove(picture))
        {
            _undecoded.Add((picture, _outputCount));
        }
    }

    /// <summary>A hardware decoder writes no such message at all.</summary>
    private int Expire(long upTo) =>
        _undecoded.RemoveAll(waiting => waiting.Number <= upTo) is var expired && _hasDecoded ? expired : 0;

    private static int? PictureAfter(ReadOnlySpan<char> line, string text)
    {
        if (line.IndexOf(text, StringComparison.Ordinal) is not (>= 0 and var at))
        {
            return null;
        }

        var rest = line[(at + text.Length)..];
        var end = rest.IndexOf('.');
        return end > 0
            && int.TryParse(rest[..end], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var picture)
            ? picture
            : null;
    }
}
