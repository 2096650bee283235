using System.Globalization;
using ForegSyte.Media.Tests;
using ForegSyte.Media.Tests.Clips;
using ForegSyte.Media.Tests.Matrix;
using ForegSyte.Media.Tests.Oracle;
using ForegSyte.Media.Tests.Pictures;
using ForegSyte.Media.Tests.Readers;
using ForegSyte.Testing;

[assembly: AssemblyFixture(typeof(ClipWorkshop))]
[assembly: AssemblyFixture(typeof(ServiceReader))]
[assembly: AssemblyFixture(typeof(MatrixTable))]

namespace ForegSyte.Media.Tests;

/// <summary>
/// Results and annotated copies of many kinds of clips are compared with what ffprobe and a plain FFmpeg say.
/// </summary>
/// <param name="workshop">Makes the clips.</param>
/// <param name="reader">The service's reader.</param>
/// <param name="table">Counts the outcomes.</param>
[TestTimeLimit(5)]
public abstract class MatrixTests(ClipWorkshop workshop, ServiceReader reader, MatrixTable table)
{
    /// <summary>Set by `make media`: all clips instead of the quick ones.</summary>
    private const string AllClips = "FOREGSYTE_MEDIA_ALL";

    /// <summary>Only the clips whose names contain this.</summary>
    private const string NamePart = "FOREGSYTE_MEDIA_NAME";

    private static readonly IReadOnlyList<MediaClip> AllOfThem =
    [
        .. CaseClips.All,
        .. CodecClips.All, .. TimingClips.All, .. GeometryClips.All, .. ColourClips.All, .. TrackClips.All,
        .. DamageClips.All,
    ];

    /// <summary>Whether the run has all clips.</summary>
    internal static bool IsComplete => Environment.GetEnvironmentVariable(AllClips) is { Length: > 0 };

    protected static TheoryData<string> NamesOf(params string[] axes)
    {
        var part = Environment.GetEnvironmentVariable(NamePart) ?? "";
        return
        [
            .. AllOfThem.Where(clip => axes.Contains(clip.Axis) && (IsComplete || clip.IsQuick))
                .Select(clip => $"{clip}")
                .Where(name => name.Contains(part, StringComparison.OrdinalIgnoreCase)),
        ];
    }

    protected async Task CheckAsync(string name)
    {
        var clip = AllOfThem.Single(one => $"{one}" == name);
        IReadOnlyList<string>? problems = null;
        try
        {
            problems = await ProblemsAsync(clip);
        }
        catch (Exception failure) when (failure is not Xunit.Sdk.SkipException)
        {
            problems = [$"{failure.GetType().Name}: {failure.Message}"];
            throw;
        }
        finally
        {
            table.Add(clip, problems);
        }

        Assert.True(problems.Count == 0, $"{clip}:\n" + string.Join('\n', Shortened(problems)));
    }

    private async Task<IReadOnlyList<string>> ProblemsAsync(MediaClip clip)
    {
        var path = await workshop.MakeAsync(clip);
        var truth = await TruthAsync(clip, path);
        var start = clip.StartMs is { } ms ? (decimal)ms / 1000 : await PlainFfmpeg.StartAsync(path, clip.Stream);
        await (clip.Damage?.Invoke(path) ?? Task.CompletedTask);

        var check = new ClipCheck(clip, path, truth, start);
        check.CheckSubmission();
        if (clip.Refused is not null)
        {
            return check.Problems;
        }

        var (video, warnings) = await reader.ProbeAsync(path);
        check.CheckInfo(video, warnings, await PlainFfmpeg.TrackIdAsync(path, clip.Stream));
        var whole = await reader.ReadAsync(path, clip);
        check.CheckDelivery(whole, "all", 0, truth.Length, 1);
        await CheckPartsAsync(check, clip, path, truth.Length);
        if (clip.IsDamaged)
        {
            check.CheckDamage(whole, await PlainFfmpeg.DecodeDamagedAsync(path, clip));
        }

        var copy = workshop.NewPath("mp4");
        try
        {
            await AnnotatedCopy.MakeAsync(path, copy, video, whole.Frames);
            await check.CheckCopyAsync(copy, whole);
        }
        catch (ForegSyte.CommandLine.Annotation.AnnotationException failure)
        {
            check.Fail($"copy: {failure.Message}");
        }

        return check.Problems;
    }

    /// <summary>Segments and strides give the same frames as a read of the whole video.</summary>
    private async Task CheckPartsAsync(ClipCheck check, MediaClip clip, string path, int frames)
    {
        foreach (var (from, to, stride) in ((int, int, int)[])
            [(frames / 3, (frames / 3) + 5, 1), (frames - 1, frames, 1), (0, frames, 7), (0, frames, 20)])
        {
            var end = Math.Min(to, frames);
            try
            {
                check.CheckDelivery(
                    await reader.ReadAsync(path, clip, from, end, stride),
                    $"[{from}, {end}) by {stride}", from, end, stride);
            }
            catch (Hosting.Errors.ServiceException failure)
            {
                check.FailPart($"[{from}, {end}) by {stride}: {failure.Reason}: {failure.Message}");
            }
        }
    }

    private static async Task<ShownFrame[]> TruthAsync(MediaClip clip, string path)
    {
        if (clip.IsBornDamaged)
        {
            var rate = decimal.Parse(clip.Pictures.Rate, CultureInfo.InvariantCulture);
            return
            [
                .. NumbersOf(clip).Select(number => new ShownFrame(
                    (number - clip.Pictures.First) / rate, SeenPicture.Painted(number))),
            ];
        }

        if (clip.Refused is not null && clip.Damage is null)
        {
            return [];
        }

        var truth = await PlainFfmpeg.DecodeAsync(path, clip.Stream, clip);
        if (clip.HasNumbers)
        {
            AssertOracle(clip, truth);
        }
        else
        {
            Assert.Equal(clip.Pictures.Count, truth.Length);
        }

        return truth;
    }

    /// <summary>The oracle sees what the generator has painted; otherwise the clip proves nothing.</summary>
    private static void AssertOracle(MediaClip clip, ShownFrame[] truth)
    {
        var (width, height) = (clip.Pictures.Width, clip.Pictures.Height);
        Assert.Equal(
            NumbersOf(clip).Select(number => (int?)NumberedPicture.Shown(number, width, height)),
            truth.Select(frame => frame.Number));
    }

    private static int[] NumbersOf(MediaClip clip) =>
        clip.Numbers ?? [.. Enumerable.Range(clip.Pictures.First, clip.Pictures.Count)];

    private static IEnumerable<string> Shortened(IReadOnlyList<string> problems)
    {
        const int most = 12;
        return problems.Count <= most
            ? problems
            : [.. problems.Take(most), FormattableString.Invariant($"... and {problems.Count - most} more")];
    }
}

public sealed class CodecMatrixTests(ClipWorkshop workshop, ServiceReader reader, MatrixTable table)
    : MatrixTests(workshop, reader, table)
{
    public static TheoryData<string> Clips => NamesOf("codec");

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Clips))]
    public Task Clip_IsReadAndCopiedRight(string clip) => CheckAsync(clip);
}

public sealed class TimingMatrixTests(ClipWorkshop workshop, ServiceReader reader, MatrixTable table)
    : MatrixTests(workshop, reader, table)
{
    public static TheoryData<string> Clips => NamesOf("timing");

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Clips))]
    public Task Clip_IsReadAndCopiedRight(string clip) => CheckAsync(clip);
}

public sealed class GeometryMatrixTests(ClipWorkshop workshop, ServiceReader reader, MatrixTable table)
    : MatrixTests(workshop, reader, table)
{
    public static TheoryData<string> Clips => NamesOf("geometry", "colour");

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Clips))]
    public Task Clip_IsReadAndCopiedRight(string clip) => CheckAsync(clip);
}

public sealed class DamageMatrixTests(ClipWorkshop workshop, ServiceReader reader, MatrixTable table)
    : MatrixTests(workshop, reader, table)
{
    public static TheoryData<string> Clips => NamesOf("damage", "tracks");

    [Theory(SkipTestWithoutData = true)]
    [MemberData(nameof(Clips))]
    public Task Clip_IsReadAndCopiedRight(string clip) => CheckAsync(clip);
}
