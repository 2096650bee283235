using ForegSyte.Media.Tests.Pictures;
using ForegSyte.V1;

namespace ForegSyte.Media.Tests.Clips;

/// <summary>
/// A row of the matrix: how a clip is made and what is right for it. What a row leaves out is a healthy clip: every
/// frame is analyzed, and the copy has all of them.
/// </summary>
/// <param name="Axis">The property that the row varies.</param>
/// <param name="Name">Name of the clip, unique in the matrix.</param>
internal sealed record MediaClip(string Axis, string Name)
{
    /// <summary>The pictures.</summary>
    public PictureSeries Pictures { get; init; } = new();

    /// <summary>Arguments of ffmpeg before the raw pictures, for example further inputs.</summary>
    public string[] Before { get; init; } = [];

    /// <summary>Arguments of ffmpeg after the raw pictures: further inputs, encoder, muxer.</summary>
    public string[] Encode { get; init; } = [];

    /// <summary>Extension of the file, without a dot.</summary>
    public string Container { get; init; } = "mp4";

    /// <summary>Makes the clip in another way than with one run of ffmpeg over the pictures.</summary>
    public Func<ClipWorkshop, MediaClip, string, Task>? Make { get; init; }

    /// <summary>Edits the file after ffmpeg; what it changes is right.</summary>
    public Action<string>? Edit { get; init; }

    /// <summary>Damages the file; the oracle has seen it before.</summary>
    public Func<string, Task>? Damage { get; init; }

    /// <summary>
    /// Whether the file has frames from the start that cannot be decoded, so that their times and numbers are known
    /// only from how they were painted.
    /// </summary>
    public bool IsBornDamaged { get; init; }

    /// <summary>Whether frames can be lost or wrong.</summary>
    public bool IsDamaged => IsBornDamaged || Damage is not null;

    /// <summary>FFmpeg's number of the stream that is right.</summary>
    public int Stream { get; init; }

    /// <summary>Numbers of the shown frames, if they are not those of the pictures in order.</summary>
    public int[]? Numbers { get; init; }

    /// <summary>Milliseconds before frame 0 is shown; null for what ffprobe says about the streams.</summary>
    public double? StartMs { get; init; }

    /// <summary>Why the video is refused at submission.</summary>
    public ErrorReason? Refused { get; init; }

    /// <summary>Frames that share the timestamp of the frame before.</summary>
    public int LostTimestamps { get; init; }

    /// <summary>Bytes behind the last box.</summary>
    public int TrailingBytes { get; init; }

    /// <summary>Shape of a pixel as it is shown.</summary>
    public (int Width, int Height) PixelAspect { get; init; } = (1, 1);

    /// <summary>Transfer curve as FFmpeg names it; null is not checked.</summary>
    public string? Transfer { get; init; }

    /// <summary>Whether `make test` has it, too.</summary>
    public bool IsQuick { get; init; }

    /// <summary>Largest difference of a channel of the coloured patches.</summary>
    public int ColourTolerance { get; init; } = 24;

    /// <summary>Whether the coloured patches are checked.</summary>
    public bool HasColours { get; init; } = true;

    /// <summary>Least value of white as it is shown; null is not checked.</summary>
    public int? LeastWhite { get; init; }

    /// <summary>
    /// Whether the oracle turns the pictures as the row says: FFmpeg forgets a message of the first frame that holds
    /// for all.
    /// </summary>
    public bool TurnsByHand { get; init; }

    /// <summary>Whether HDR becomes SDR, so that only the numbers are those of a plain decode.</summary>
    public bool IsToneMapped { get; init; }

    /// <summary>Frames beside damage that can count as damaged although they are right.</summary>
    public int FalseAlarms { get; init; } = 2;

    /// <summary>Whether boxes hide the numbers in the copy.</summary>
    public bool BoxesHideNumbers { get; init; }

    /// <summary>Whether the pictures show numbers.</summary>
    public bool HasNumbers { get; init; } = true;

    /// <summary>Reads the number of a picture of another painter.</summary>
    public PictureReader? Reader { get; init; }

    /// <summary>Reads the number of a picture; null if it shows none.</summary>
    public int? NumberOf(ReadOnlySpan<byte> rgb, int width, int height) =>
        HasNumbers ? (Reader ?? NumberedPicture.Read)(rgb, width, height) : null;

    public override string ToString() => $"{Axis}: {Name}";
}

/// <summary>Reads the number of a picture of packed RGB; null if it shows none.</summary>
internal delegate int? PictureReader(ReadOnlySpan<byte> rgb, int width, int height);

/// <summary>Numbered pictures as a raw video.</summary>
internal sealed record PictureSeries
{
    /// <summary>Width as shown.</summary>
    public int Width { get; init; } = 320;

    /// <summary>Height as shown.</summary>
    public int Height { get; init; } = 176;

    public int Count { get; init; } = 40;

    /// <summary>Number of the first picture.</summary>
    public int First { get; init; }

    /// <summary>Pictures a second, as FFmpeg takes it.</summary>
    public string Rate { get; init; } = "25";

    /// <summary>How players turn the coded pictures.</summary>
    public Orientation Coded { get; init; }

    /// <summary>Value of white in the raw pictures.</summary>
    public int White { get; init; } = 255;

    /// <summary>Size of the coded pictures.</summary>
    public (int Width, int Height) CodedSize => Coded.IsTurned ? (Height, Width) : (Width, Height);
}
